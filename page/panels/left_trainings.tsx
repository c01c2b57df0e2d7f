import { continueTraining, discardTraining, left } from "../files/keep_training.ts";
import type { KeptTraining } from "../files/kept_trainings.ts";
import { formatCount } from "../format.ts";
import { client } from "../state.ts";

/** Offers to continue trainings that a closed, reloaded or crashed tab has left. */
export function LeftTrainings() {
  const trainings = left.value;
  if (trainings.length === 0 || client.phase.value !== "idle") return null;
  return (
    <section class="notice left" id="left" aria-label="Trainings that were left">
      <ul>
        {trainings.map((training) => <Left key={training.id} training={training} />)}
      </ul>
      <p class="small soft">Kept in this browser only, with the text, until you discard it.</p>
    </section>
  );
}

function Left({ training }: { readonly training: KeptTraining }) {
  const { name, latest, time } = training;
  const step = `step ${formatCount(latest.progress.step)}`;
  return (
    <li>
      <button
        type="button"
        aria-label={`Continue the training of ${name}, ${step}`}
        onClick={() => continueTraining(training)}
      >
        Continue the training of <bdi>{name}</bdi>, {step}
      </button>
      <span class="small soft">{formatTime(time)}</span>
      <button
        type="button"
        class="link"
        aria-label={`Discard the training of ${name}, ${step}`}
        onClick={() => discardTraining(training)}
      >
        Discard
      </button>
    </li>
  );
}

function formatTime(time: number): string {
  return new Date(time).toLocaleString("en", {
    ...{ day: "numeric", month: "short", hour: "numeric", minute: "2-digit" },
  });
}
