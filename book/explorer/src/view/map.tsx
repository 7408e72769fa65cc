// One map of pixels: a grid of cells to point at, tap or go through by the arrow keys, with frames over it.

import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import type { Choice } from "../address.ts";
import { range } from "../arithmetic.ts";
import type { Kind } from "../maps.ts";
import type { Frame, Lit } from "../scene.ts";
import { choice, pointed } from "../store.ts";
import { Cell, type Look } from "./cell.tsx";

interface MapProps {
  readonly id: string;
  readonly sign?: string; // what stands before it: the operation that leads there
  readonly title: ComponentChildren;
  readonly note?: ComponentChildren; // below it
  readonly said: string; // the title for a screen reader
  readonly kinds: readonly (readonly Kind[])[];
  readonly lit: Lit;
  readonly side: number; // of a cell, in pixels of the screen
  readonly look: (row: number, col: number, entry: number) => Look;
  readonly target?: Target;
}

/** What pointing at a cell chooses. */
export interface Target {
  readonly at: (row: number, col: number) => Choice | null;
  readonly keys?: boolean; // whether the keyboard goes there too; else another map serves it
  readonly writes?: boolean; // whether numbers can be typed into the cells
}

export function PixelMap({ id, sign, title, note, said, kinds, lit, side, look, target }: MapProps) {
  const grid = useRef<HTMLDivElement>(null);
  const size = kinds.length;
  const entries = new Map(lit.taps.map(({ row, col, entry }) => [`${row},${col}`, entry]));
  const cells = range(size).map((row) => range(size).map((col) => target?.at(row, col) ?? null));
  const isNow = (there: Choice | null) => !!there && same(there, choice.value);
  // The one cell that the Tab key stops at: the chosen one, else the first.
  const all = cells.flat();
  const stop = target?.keys ? (all.find(isNow) ?? all.find((there) => there)) : null;

  /** Moves the focus to the cell, or to the last one before it in its direction. */
  function go(row: number, col: number) {
    grid.current?.querySelector<HTMLElement>(`[data-at="${row},${col}"][tabindex]`)?.focus();
  }

  function onKeyDown(event: KeyboardEvent, row: number, col: number) {
    const [down, right] = STEPS[event.key] ?? [0, 0];
    const there = cells[row]!.map((other, at) => (other ? at : -1)).filter((at) => at >= 0);
    if (down || right) go(row + down, col + right);
    else if (event.key === "Home") go(row, there[0]!);
    else if (event.key === "End") go(row, there.at(-1)!);
    else return;
    event.preventDefault();
  }

  return (
    <figure class="map" id={id} style={{ "--side": `${side}px`, "--size": size }}>
      {sign && <span class="sign" aria-hidden="true">{sign}</span>}
      <figcaption>{title}</figcaption>
      <div class="board" onPointerLeave={() => (pointed.value = null)}>
        <div ref={grid} class="cells" role={target?.keys ? "grid" : "img"} aria-label={said}>
          {cells.map((line, row) => (
            <div role={target?.keys ? "row" : undefined} class="line" key={row}>
              {line.map((there, col) => (
                <Cell
                  key={col}
                  at={`${row},${col}`}
                  kind={kinds[row]![col]!}
                  look={look(row, col, entries.get(`${row},${col}`) ?? 0)}
                  choice={there}
                  isNow={isNow(there)}
                  inGrid={!!target?.keys}
                  tab={!there || !target?.keys ? undefined : there === stop ? 0 : -1}
                  writes={!!target?.writes}
                  onKeyDown={(event) => onKeyDown(event, row, col)}
                  onWritten={(key) => go(row + (key === "Enter" ? 1 : 0), col)}
                />
              ))}
            </div>
          ))}
        </div>
        {lit.frames.map((frame, number) => (
          <div key={number} aria-hidden="true" class={`frame${frame.example ? " example" : ""}`} style={placed(frame)} />
        ))}
      </div>
      {note && <small>{note}</small>}
    </figure>
  );
}

const STEPS: Record<string, readonly [down: number, right: number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

function placed({ row, col, height, width }: Frame) {
  return { "--row": row, "--col": col, "--height": height, "--width": width };
}

export function same(a: Choice | null, b: Choice | null): boolean {
  return a?.map === b?.map && a?.row === b?.row && a?.col === b?.col;
}
