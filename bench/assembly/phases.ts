/** The kernels, with the names of the phases that they mark. */
export * from "../../assembly/index";
export { Phase } from "../../assembly/phases";
