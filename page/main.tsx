/// <reference lib="dom" />
import { render } from "preact";
import { ComparePanel } from "./panels/compare.tsx";
import { CurvesPanel } from "./panels/curves.tsx";
import { FilesPanel } from "./panels/files.tsx";
import { FollowPanel } from "./panels/follow.tsx";
import { InsidePanel } from "./panels/inside.tsx";
import { SamplesPanel } from "./panels/samples.tsx";
import { TrainPanel } from "./panels/train.tsx";
import { WritePanel } from "./panels/write.tsx";

function Page() {
  return (
    <>
      <FollowPanel />
      <TrainPanel />
      <CurvesPanel />
      <SamplesPanel />
      <WritePanel />
      <InsidePanel />
      <ComparePanel />
      <FilesPanel />
    </>
  );
}

render(<Page />, document.querySelector("main")!);
