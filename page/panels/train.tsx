import { SettingsPanel } from "./settings.tsx";
import { TextPanel } from "./text.tsx";

/** Takes a text, and shows what was picked for it. */
export function TrainPanel() {
  return (
    <div class="start">
      <TextPanel />
      <SettingsPanel />
    </div>
  );
}
