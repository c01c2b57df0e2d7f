import { closeCheckpoint } from "../files/checkpoints.ts";
import { formatCount } from "../format.ts";
import { client, isFollowing, model, otherModel } from "../state.ts";

/** Which model a panel uses, and a way back to the one of the training. */
export function ModelNote() {
  if (model.value === null) return null;
  const { id, name, config, progress } = model.value;
  const isOther = otherModel.value !== null && !isFollowing;
  return (
    <p class="model-note">
      Model: <bdi>{name}</bdi>, {config.cell} {config.layers}×{config.hidden}, step{" "}
      {formatCount(progress.step)}
      {id === client.best.value?.id && id !== client.model.value?.id && ", the best so far"}
      {isOther && (
        <>
          {". "}
          <button type="button" class="link" onClick={closeCheckpoint}>
            {client.model.value === null ? "Close it" : "Use the model trained above"}
          </button>
        </>
      )}
    </p>
  );
}
