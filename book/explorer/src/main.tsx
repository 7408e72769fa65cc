// The page: settings on one side, the two ways on the other.

import { useSignal } from "@preact/signals";
import { render } from "preact";
import { entryRules } from "./colours.ts";
import { complaints, forgetEdits, isEdited, numbers, refused, setting, showNumbers } from "./store.ts";
import { Cases, Controls } from "./view/controls.tsx";
import { Formulas } from "./view/formulas.tsx";
import { Legend } from "./view/legend.tsx";
import { inText } from "./view/matrices.tsx";
import { Refused } from "./view/refused.tsx";
import { Convolution, Transposed } from "./view/ways.tsx";
import "./style.css";

function Explorer({ alone }: { alone: boolean }) {
  const now = setting.value;
  return (
    <div class="explorer">
      <style>{entryRules(now.kernel ** 2)}</style>
      {alone && <h1>A convolution and its transpose</h1>}
      <p class="lead">
        Point at a pixel, tap it, or go there by Tab and the arrow keys: its window, its stamp and its lines of the
        matrix light up.
      </p>
      <div class="top">
        <Cases />
        <Mode />
      </div>
      {complaints.value.length > 0 && (
        <p class="notice" role="status">{complaints.value.map(sentence).join(" ")}</p>
      )}
      <div class="body">
        <Controls />
        {refused.value ? (
          <Refused setting={now} why={refused.value} />
        ) : (
          <>
            <div class="stage">
              <Convolution />
              <Transposed />
              <Legend setting={now} />
              <InText />
            </div>
            <Formulas setting={now} />
          </>
        )}
      </div>
    </div>
  );
}

function InText() {
  const open = useSignal(false);
  return (
    <details onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>C by name, as text: 01 stands for W[0,1], a dot for zero</summary>
      {open.value && <pre tabIndex={0}>{inText()}</pre>}
    </details>
  );
}

function Mode() {
  const choices = [["names", false], ["numbers", true]] as const;
  return (
    <div class="mode" role="group" aria-label="What stands in the cells">
      {choices.map(([name, shown]) => (
        <button key={name} type="button" aria-pressed={numbers.value === shown} onClick={() => showNumbers(shown)}>
          {name}
        </button>
      ))}
      {numbers.value && isEdited.value && <button type="button" onClick={forgetEdits}>first numbers again</button>}
      {numbers.value && <small>Write your own into <i>x</i>, <i>W</i> and the second <i>y</i>: choose a cell and type, or tap it twice.</small>}
    </div>
  );
}

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

const root = document.getElementById("explorer");
if (root) {
  root.replaceChildren();
  render(<Explorer alone={document.body.classList.contains("explorer-alone")} />, root);
}
