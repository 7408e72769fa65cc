// C or its transpose, drawn: a colour and, where there is room, a name or a number for each entry that is no zero.

import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { entryName, range } from "../arithmetic.ts";
import { READABLE } from "./layout.ts";
import { narrow } from "./names.tsx";

const UNIT = 20; // of a cell, in the drawing's own measure

interface DrawnProps {
  readonly entries: readonly (readonly number[])[]; // 0 for a zero, else the number of the kernel's entry
  readonly kernel: number;
  readonly weights: readonly number[] | null; // numbers rather than names
  readonly blocks: readonly [rows: number, cols: number]; // as many belong to one row of a map
  readonly side: number; // of a cell, in pixels of the screen
  readonly blind: { readonly lines: readonly number[]; readonly rows: boolean }; // rows or columns of zeros alone
}

interface MatrixProps extends DrawnProps {
  readonly id: string;
  readonly title: ComponentChildren;
  readonly said: string;
  readonly row: number | null; // what is framed
  readonly col: number | null;
  readonly only: number | null; // the entry that is pointed at: the others fade
  readonly onPoint: (row: number | null, hovers: boolean) => void;
}

export function Matrix(props: MatrixProps) {
  const { id, title, said, entries, kernel, weights, blocks, blind, side, row, col, only, onPoint } = props;
  const [rows, cols] = [entries.length, entries[0]!.length];
  const drawn = useMemo(
    () => <Drawn entries={entries} kernel={kernel} weights={weights} blocks={blocks} blind={blind} side={side} />,
    [entries, kernel, weights, side],
  );
  const rowAt = (event: MouseEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    return Math.max(0, Math.min(rows - 1, Math.floor(((event.clientY - box.top) / box.height) * rows)));
  };
  return (
    <figure class="matrix" id={id}>
      <figcaption>{title}</figcaption>
      <svg
        role="img"
        aria-label={said}
        width={cols * side}
        height={rows * side}
        viewBox={`0 0 ${cols * UNIT} ${rows * UNIT}`}
        class={only ? "fades" : undefined}
        onPointerMove={(event) => event.pointerType !== "touch" && onPoint(rowAt(event), true)}
        onPointerLeave={() => onPoint(null, true)}
        onClick={(event) => onPoint(rowAt(event), false)}
      >
        {drawn}
        {only !== null && <Entries entries={entries} only={only} />}
        {row !== null && <rect class="mark" x="0" y={row * UNIT} width={cols * UNIT} height={UNIT} />}
        {col !== null && <rect class="mark" x={col * UNIT} y="0" width={UNIT} height={rows * UNIT} />}
      </svg>
    </figure>
  );
}

/** All that does not change as a pointer moves. */
function Drawn({ entries, kernel, weights, blocks, blind, side }: DrawnProps) {
  const [rows, cols] = [entries.length, entries[0]!.length];
  const lines = (step: number) =>
    range(Math.ceil(rows / step) - 1)
      .map((n) => `M0 ${(n + 1) * step * UNIT}h${cols * UNIT}`)
      .join("");
  const columns = (step: number) =>
    range(Math.ceil(cols / step) - 1)
      .map((n) => `M${(n + 1) * step * UNIT} 0v${rows * UNIT}`)
      .join("");
  const name = (entry: number) => (weights ? narrow(weights[entry - 1]!) : entryName(entry, kernel));
  const size = (text: string) => (text.length > 3 ? { fontSize: `${28 / text.length}px` } : undefined);
  return (
    <>
      <rect class="paper" width={cols * UNIT} height={rows * UNIT} />
      {blind.lines.map((at) =>
        blind.rows ? (
          <rect key={at} class="blind" y={at * UNIT} width={cols * UNIT} height={UNIT} />
        ) : (
          <rect key={at} class="blind" x={at * UNIT} width={UNIT} height={rows * UNIT} />
        ),
      )}
      <Entries entries={entries} only={null} />
      {side >= 6 && <path class="rule" d={lines(1) + columns(1)} />}
      <path class="block" d={lines(blocks[0]) + columns(blocks[1])} />
      {side >= READABLE &&
        entries.flatMap((line, row) =>
          line.map((entry, col) =>
            entry ? (
              <text
                key={`${row},${col}`}
                class={`w${entry}`}
                x={(col + 0.5) * UNIT}
                y={(row + 0.5) * UNIT}
                style={size(name(entry))}
              >
                {name(entry)}
              </text>
            ) : null,
          ),
        )}
    </>
  );
}

/** The places of each entry, one path for all of an entry's: of one of them alone, or of all. */
function Entries({ entries, only }: { entries: readonly (readonly number[])[]; only: number | null }) {
  const paths = new Map<number, string>();
  entries.forEach((line, row) =>
    line.forEach((entry, col) => {
      if (!entry || (only && entry !== only)) return;
      paths.set(entry, `${paths.get(entry) ?? ""}M${col * UNIT} ${row * UNIT}h${UNIT}v${UNIT}h-${UNIT}z`);
    }),
  );
  return (
    <>
      {[...paths].map(([entry, path]) => (
        <path key={entry} class={`w${entry}${only ? " only" : ""}`} data-entry={only ? undefined : entry} d={path} />
      ))}
    </>
  );
}
