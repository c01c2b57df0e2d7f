/// <reference lib="dom" />
import { render } from "preact";
import { ComparePanel } from "./panels/compare.tsx";
import { CurvesPanel } from "./panels/curves.tsx";
import { keepTraining } from "./files/keep_training.ts";
import { FilesPanel } from "./panels/files.tsx";
import { FollowPanel } from "./panels/follow.tsx";
import { InsidePanel } from "./panels/inside.tsx";
import { LeftTrainings } from "./panels/left_trainings.tsx";
import { LinkNotice, takeSettings } from "./panels/link_notice.tsx";
import { RunBar } from "./panels/run_bar.tsx";
import { SamplesPanel } from "./panels/samples.tsx";
import { TrainPanel } from "./panels/train.tsx";
import { WritePanel } from "./panels/write.tsx";
import { registerServiceWorker } from "./register.ts";
import { askBeforeLeaving, client, configureOnChange, isFollowing, text } from "./state.ts";

function Page() {
  return (
    <>
      <div class="column">
        <FollowPanel />
        <LinkNotice />
        {!isFollowing && <LeftTrainings />}
        {!isFollowing && <TrainPanel />}
      </div>
      {!isFollowing && <RunBar />}
      <div class="column">
        <div class="learning">
          <SamplesPanel />
          <CurvesPanel />
        </div>
        <WritePanel />
        <InsidePanel />
        {!isFollowing && <ComparePanel />}
        <FilesPanel />
      </div>
    </>
  );
}

registerServiceWorker(() => client.phase.value === "idle" && text.value?.name !== "pasted text");
await takeSettings();
configureOnChange();
if (!isFollowing) {
  askBeforeLeaving();
  keepTraining();
}
render(<Page />, document.querySelector("main")!);
