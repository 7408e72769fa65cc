// What a chosen pixel is the sum of, or what it is spread over, in a line below each way.

import type { ComponentChildren } from "preact";
import type { Choice } from "../address.ts";
import { matrix, range, seenBy, sizes, stampOf, windowOf, type Setting, type Tap } from "../arithmetic.ts";
import type { Scene } from "../scene.ts";
import { Name, plural, short, Weight } from "./names.tsx";

export interface Told {
  readonly setting: Setting;
  readonly choice: Choice;
  readonly scene: Scene;
  readonly weights: readonly number[] | null; // numbers rather than names
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly small: readonly number[]; // y, as the transpose takes it
  readonly large: readonly number[]; // C^T y
}

/** Below the convolution. */
export function Gathered({ setting, choice: { map, row, col }, weights, x, y }: Told) {
  const { input, kernel } = setting;
  const { output } = sizes(setting);
  if (map === "kernel") return <EntryPlaces setting={setting} entry={row * kernel + col + 1} />;
  if (map === "small") {
    const taps = stampOf(setting, [row, col]);
    const padding = windowOf(setting, [row, col]).length - taps.length;
    return (
      <>
        <Sum
          left={<Name letter="y" row={row} col={col} />}
          taps={taps}
          width={input}
          kernel={kernel}
          letter="x"
          weights={weights}
          values={x}
          result={y[row * output + col]!}
        />
        <small>
          row {row * output + col} of C{padding > 0 && <>; {plural(padding, "weight")} on the padding: 0</>}
        </small>
      </>
    );
  }
  const seen = seenBy(setting, [row, col]);
  const pixel = <Name letter="x" row={row} col={col} />;
  return (
    <>
      <p class="sum">
        {seen.length === 0 ? <>No window sees {pixel}.</> : <>{pixel} goes into </>}
        {seen.map((tap, n) => (
          <span key={n}>
            {n > 0 && ", "}
            <span class="term">
              <Name letter="y" row={tap.row} col={tap.col} /> by{" "}
              <span class={`chip w${tap.entry}`}>
                <Weight entry={tap.entry} kernel={kernel} />
              </span>
            </span>
          </span>
        ))}
      </p>
      <small>
        column {row * input + col} of C{seen.length === 0 && ", nothing but zeros"}
      </small>
    </>
  );
}

/** Below the transpose. */
export function Spread({ setting, choice: { map, row, col }, scene, weights, small, large }: Told) {
  const { input, kernel } = setting;
  const { output } = sizes(setting);
  if (map === "kernel") {
    return <p>Transposed, it stands in as many places: those of C, rows and columns exchanged.</p>;
  }
  if (map === "small") {
    const stamp = stampOf(setting, [row, col]);
    const pixel = <Name letter="y" row={row} col={col} />;
    if (!scene.example)
      return (
        <p>
          {pixel} came from the padding alone: it has no stamp. Column {row * output + col} of Cᵀ is all zeros.
        </p>
      );
    const [r, c] = scene.example;
    const through = stamp.find((tap) => tap.row === r && tap.col === c)!.entry;
    return (
      <>
        <p>
          {pixel} stamps the kernel, times {weights ? short(small[row * output + col]!) : "its value"}, on{" "}
          {plural(stamp.length, "pixel")}
          {stamp.length < kernel ** 2 && " (the rest is cut off with the padding)"}. One of them (dashed) gets{" "}
          <span class="term">
            <span class={`chip w${through}`}>
              {weights ? short(weights[through - 1]!) : <Weight entry={through} kernel={kernel} />}
            </span>
            {weights ? ` · ${short(small[row * output + col]!)}` : <> {pixel}</>}
          </span>
          : so the flipped kernel lies with that weight on {pixel}.
        </p>
        <small>column {row * output + col} of Cᵀ</small>
      </>
    );
  }
  const taps = seenBy(setting, [row, col]);
  return (
    <>
      <Sum
        left={<Name letter="z" row={row} col={col} />}
        taps={taps}
        width={output}
        kernel={kernel}
        letter="y"
        weights={weights}
        values={small}
        result={large[row * input + col]!}
      />
      <small>
        row {row * input + col} of Cᵀ; the flipped kernel meets {plural(taps.length, "pixel")} of y, the rest is zeros
      </small>
    </>
  );
}

interface SumProps {
  readonly left: ComponentChildren;
  readonly taps: readonly Tap[];
  readonly width: number; // of the map that the taps lie on
  readonly kernel: number;
  readonly letter: string;
  readonly weights: readonly number[] | null;
  readonly values: readonly number[];
  readonly result: number;
}

function Sum({ left, taps, width, kernel, letter, weights, values, result }: SumProps) {
  const bracketed = (value: number) => (value < 0 ? `(${short(value)})` : short(value));
  return (
    <p class="sum">
      {left} = {taps.length === 0 && "0"}
      {taps.map(({ row, col, entry }, n) => (
        <span key={n}>
          {n > 0 && " + "}
          <span class="term">
            <span class={`chip w${entry}`}>
              {weights ? bracketed(weights[entry - 1]!) : <Weight entry={entry} kernel={kernel} />}
            </span>
            {weights ? (
              ` · ${bracketed(values[row * width + col]!)}`
            ) : (
              <>
                {" "}
                <Name letter={letter} row={row} col={col} />
              </>
            )}
          </span>
        </span>
      ))}
      {weights && taps.length > 0 && <b> = {short(result)}</b>}
    </p>
  );
}

function EntryPlaces({ setting, entry }: { setting: Setting; entry: number }) {
  const rows = matrix(setting);
  const places = rows.flat().filter((other) => other === entry).length;
  return (
    <p>
      <Weight entry={entry} kernel={setting.kernel} /> stands in C {plural(places, "time")}, once for each window that
      meets a pixel with it: one number, shared.
    </p>
  );
}

/** As long as a readout can get, unseen: it keeps the place, so that nothing below moves as another pixel is chosen. */
export function Longest({ setting, weights }: { setting: Setting; weights: boolean }) {
  const taps = range(setting.kernel ** 2).map((n): Tap => ({ row: 0, col: 0, entry: n + 1 }));
  const values = weights ? taps.map(() => 10) : null;
  return (
    <div class="longest" aria-hidden="true">
      <Sum
        left={<Name letter="z" row={0} col={0} />}
        taps={taps}
        width={1}
        kernel={setting.kernel}
        letter="x"
        weights={values}
        values={[10]}
        result={0}
      />
      <small>row of C</small>
    </div>
  );
}
