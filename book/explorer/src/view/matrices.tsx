// C and its transpose on the page: which lines are marked, and what pointing at a row chooses.

import type { Choice } from "../address.ts";
import { entryName, neverSeen, pixelAt, range, sizes } from "../arithmetic.ts";
import { lines } from "../scene.ts";
import { choice, choose, entries, numbers, pointed, setting, turned, weights } from "../store.ts";
import { matrixSide } from "./layout.ts";
import { Matrix } from "./matrix.tsx";

export function MatrixOf({ transposed, width }: { transposed: boolean; width: number }) {
  const now = setting.value;
  const { output } = sizes(now);
  const shown = transposed ? turned.value : entries.value;
  const [rows, cols] = [shown.length, shown[0]!.length];
  const marked = lines(now, choice.value);
  const [row, col] = transposed ? [marked.col, marked.row] : [marked.row, marked.col];
  const kernelEntry = choice.value?.map === "kernel" ? choice.value : null;
  const map = transposed ? "large" : "small";

  function point(at: number | null, hovers: boolean) {
    const [r, c] = pixelAt(at ?? 0, transposed ? now.input : output);
    const next: Choice | null = at === null ? null : { map, row: r, col: c };
    if (hovers) pointed.value = next;
    else if (next) choose(next);
  }

  const x = <i>x</i>;
  const y = <i>y</i>;
  const said = [
    `${transposed ? "C transposed" : "C"}, ${rows} by ${cols}`,
    ...(row === null ? [] : [`row ${row} is marked`]),
    ...(col === null ? [] : [`column ${col} is marked`]),
  ];
  return (
    <Matrix
      id={transposed ? "C-transposed" : "C"}
      title={
        <>
          {transposed ? <>C<sup>T</sup></> : "C"} {rows} × {cols}
          <small> a row for each pixel of {transposed ? <i>z</i> : y}, a column for each of {transposed ? y : x}</small>
        </>
      }
      said={said.join(", ")}
      entries={shown}
      kernel={now.kernel}
      weights={numbers.value ? weights.value : null}
      blocks={transposed ? [now.input, output] : [output, now.input]}
      blind={{ lines: blindPixels(), rows: transposed }}
      side={matrixSide(width, rows, cols)}
      row={row}
      col={col}
      only={kernelEntry && kernelEntry.row * now.kernel + kernelEntry.col + 1}
      onPoint={point}
    />
  );
}

/** C by name, to read aloud and to copy; "." is a zero. */
export function inText(): string {
  const { kernel } = setting.value;
  return entries.value
    .map((row) => row.map((entry) => (entry ? entryName(entry, kernel) : ".").padEnd(2)).join(" ").trimEnd())
    .join("\n");
}

/** The numbers of the pixels that no window sees: in their row or in their column. */
function blindPixels(): number[] {
  const { input } = setting.value;
  const blind = new Set(neverSeen(setting.value));
  return range(input * input).filter((n) => pixelAt(n, input).some((place) => blind.has(place)));
}
