// The two ways, each a row of maps beside its matrix: the convolution, and its transpose.

import { computed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import type { Choice } from "../address.ts";
import { entryName, matrix, pixelAt, product, range, sizes, transpose } from "../arithmetic.ts";
import { paddedKinds, stretchedKinds, type Kind } from "../maps.ts";
import { lines, sceneOf, type Scene } from "../scene.ts";
import { choice, choose, image, numbers, pointed, refused, setting, weights } from "../store.ts";
import type { Look } from "./cell.tsx";
import { cellSide, matrixSide, useWidth } from "./layout.ts";
import { PixelMap } from "./map.tsx";
import { Matrix } from "./matrix.tsx";
import { Name, short, squared, Weight } from "./names.tsx";
import { Gathered, Longest, Spread } from "./readout.tsx";

const entries = computed(() => (refused.value ? [] : matrix(setting.value)));
const turned = computed(() => transpose(entries.value));
const y = computed(() => product(entries.value, weights.value, image.value));
const back = computed(() => product(turned.value, weights.value, y.value));
const scene = computed(() => sceneOf(setting.value, choice.value));
const GAP = 54; // between two maps

export function Convolution() {
  const now = setting.value;
  const { output } = sizes(now);
  const { padding, input } = now;
  const padded = paddedKinds(now);
  return (
    <Way id="convolution" title={<>Convolution <em><i>y</i> = C <i>x</i></em></>} lead="each pixel of y gathers a window of x"
      sizes={[padded.length, now.kernel, output]} readout={Gathered}
      matrix={(width, height) => <Matrices which="C" width={width} height={height} />}
    >
      {(side) => (
        <>
          <PixelMap id="input" title={<><i>x</i> {squared(input)}{padding > 0 && <small> + padding {padding}</small>}</>}
            said={`input x, ${input} by ${input} pixels, with padding ${padding}`} kinds={padded} lit={scene.value.padded}
            side={side}
            target={{ at: (row, col) => inside("large", input, row - padding, col - padding), keys: true, writes: writes("large") }}
            look={(row, col, entry) => pixelLook(padded[row]![col]!, "x", row - padding, col - padding, input, image.value, entry, side)}
          />
          <Sign symbol="∗" />
          <Kernel side={side} />
          <Sign symbol="=" />
          <SmallMap id="output" lit={scene.value.output} side={side} title={<><i>y</i> {squared(output)}</>}
            said={`output y, ${output} by ${output} pixels`} />
        </>
      )}
    </Way>
  );
}

export function Transposed() {
  const now = setting.value;
  const { output, stretched, transposedPadding, unseen, zerosBetween } = sizes(now);
  const kinds = stretchedKinds(now);
  const large = range(now.input).map(() => range(now.input).map((): Kind => "pixel"));
  const around = transposedPadding < 0 ? `cut ${-transposedPadding} off` : `${transposedPadding} around`;
  return (
    <Way id="transposed" title={<>Transposed convolution <em>C<sup>T</sup> <i>y</i></em></>}
      lead="each pixel of y spreads a stamp; or: stretch y with zeros, slide the turned kernel over it"
      sizes={[output, kinds.length, now.kernel, now.input]} readout={Spread}
      matrix={(width, height) => <Matrices which="T" width={width} height={height} />}
    >
      {(side) => (
        <>
          <SmallMap id="small" lit={scene.value.small} side={side} title={<><i>y</i> {squared(output)}</>}
            said={`small map y, ${output} by ${output} pixels`} />
          <Sign symbol="→" note={<>{zerosBetween} between<br />{around}{unseen > 0 && <><br />{unseen} at the end</>}</>} />
          <PixelMap id="stretched" title={<>stretched {squared(stretched)}{kinds.length !== stretched && <small> in {squared(kinds.length)}</small>}</>}
            said={`y stretched with zeros, ${kinds.length} by ${kinds.length} cells`} kinds={kinds} lit={scene.value.stretched}
            side={side}
            target={{ at: (row, col) => fromStretched(row, col) }}
            look={(row, col, entry) => {
              const from = fromStretched(row, col);
              return pixelLook(kinds[row]![col]!, "y", from?.row ?? 0, from?.col ?? 0, output, y.value, entry, side);
            }}
          />
          <Sign symbol="∗" />
          <Kernel side={side} turned />
          <Sign symbol="=" />
          <PixelMap id="large" title={<>C<sup>T</sup><i>y</i> {squared(now.input)}</>}
            said={`large map, C transposed times y, ${now.input} by ${now.input} pixels`} kinds={large} lit={scene.value.large}
            side={side}
            target={{ at: (row, col) => inside("large", now.input, row, col), keys: true }}
            look={(row, col, entry) => pixelLook("pixel", "", row, col, now.input, back.value, entry, side)}
          />
        </>
      )}
    </Way>
  );
}

interface WayProps {
  readonly id: string;
  readonly title: ComponentChildren;
  readonly lead: string;
  readonly sizes: readonly number[]; // of its maps
  readonly children: (side: number) => ComponentChildren;
  readonly matrix: (width: number, height: number) => ComponentChildren;
  readonly readout: typeof Gathered;
}

function Way({ id, title, lead, sizes, children, matrix, readout: Readout }: WayProps) {
  const [maps, width] = useWidth<HTMLDivElement>();
  const [beside, matrixWidth] = useWidth<HTMLDivElement>();
  const side = cellSide(width, sizes, GAP);
  const told = {
    setting: setting.value,
    choice: choice.value!,
    scene: scene.value,
    weights: numbers.value ? weights.value : null,
    x: image.value,
    y: y.value,
    back: back.value,
  };
  return (
    <section class="way" id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title} <small>{lead}</small></h2>
      <div class="pictures">
        <div class="maps" ref={maps}>{width > 0 && children(side)}</div>
        <div class="beside" ref={beside}>{matrixWidth > 0 && matrix(matrixWidth, Math.max(...sizes) * side)}</div>
      </div>
      <div class="readout">
        <div class="told" aria-live="polite"><Readout {...told} /></div>
        <Longest setting={told.setting} weights={numbers.value} />
      </div>
    </section>
  );
}

function Matrices({ which, width, height }: { which: "C" | "T"; width: number; height: number }) {
  const now = setting.value;
  const { output } = sizes(now);
  const { row, col } = lines(now, choice.value);
  const only = choice.value?.map === "kernel" ? choice.value.row * now.kernel + choice.value.col + 1 : null;
  const plain = which === "C";
  const shown = plain ? entries.value : turned.value;
  const [rows, cols] = [shown.length, shown[0]!.length];
  const point = (at: number | null, hovers: boolean) => {
    const width = plain ? output : now.input;
    const [r, c] = pixelAt(at ?? 0, width);
    const next: Choice | null = at === null ? null : { map: plain ? "small" : "large", row: r, col: c };
    if (hovers) pointed.value = next;
    else if (next) choose(next);
  };
  const ofRow = row === null ? "" : `; ${plain ? "row" : "column"} ${row} is marked`;
  const ofCol = col === null ? "" : `; ${plain ? "column" : "row"} ${col} is marked`;
  return (
    <Matrix
      id={plain ? "C" : "C-transposed"}
      title={
        <>
          {plain ? "C" : <>C<sup>T</sup></>} {rows} × {cols}
          <small> a row for each pixel of {plain ? <i>y</i> : <>C<sup>T</sup><i>y</i></>}, a column for each of {plain ? <i>x</i> : <i>y</i>}</small>
        </>
      }
      said={`${plain ? "C" : "C transposed"}, ${rows} by ${cols}${ofRow}${ofCol}`}
      entries={shown}
      kernel={now.kernel}
      weights={numbers.value ? weights.value : null}
      blocks={plain ? [output, now.input] : [now.input, output]}
      side={matrixSide(width, rows, cols, height)}
      row={plain ? row : col}
      col={plain ? col : row}
      only={only}
      onPoint={point}
    />
  );
}

function Kernel({ side, turned = false }: { side: number; turned?: boolean }) {
  const { kernel } = setting.value;
  const kinds = range(kernel).map(() => range(kernel).map((): Kind => "pixel"));
  const place = (at: number) => (turned ? kernel - 1 - at : at);
  return (
    <PixelMap
      id={turned ? "turned" : "kernel"}
      title={<><i>W</i> {turned ? <>turned <span aria-hidden="true">↻</span></> : squared(kernel)}</>}
      said={turned ? "kernel W, turned by half a turn" : `kernel W, ${kernel} by ${kernel} weights`}
      kinds={kinds}
      lit={{ taps: [], frames: [] }}
      side={side}
      target={{
        at: (row, col) => ({ map: "kernel", row: place(row), col: place(col) }),
        keys: !turned,
        writes: turned ? undefined : writes("kernel"),
      }}
      look={(row, col): Look => {
        const entry = place(row) * kernel + place(col) + 1;
        const value = weights.value[entry - 1]!;
        const name = `weight ${place(row)}, ${place(col)}`;
        return {
          entry,
          value,
          text: numbers.value ? short(value) : side >= 24 ? <Weight entry={entry} kernel={kernel} /> : entryName(entry, kernel),
          said: numbers.value ? `${name}: ${short(value)}` : name,
        };
      }}
    />
  );
}

function SmallMap(props: { id: string; lit: Scene["small"]; side: number; title: ComponentChildren; said: string }) {
  const { output } = sizes(setting.value);
  const kinds = range(output).map(() => range(output).map((): Kind => "pixel"));
  return (
    <PixelMap
      {...props}
      kinds={kinds}
      target={{ at: (row, col) => inside("small", output, row, col), keys: true }}
      look={(row, col, entry) => pixelLook("pixel", "y", row, col, output, y.value, entry, props.side)}
    />
  );
}

/** What stands between two maps. */
function Sign({ symbol, note }: { symbol: string; note?: ComponentChildren }) {
  return (
    <div class="sign" aria-hidden="true">
      {symbol}
      {note && <small>{note}</small>}
    </div>
  );
}

/** A pixel's name or number, or a zero; below it, or above, the weight that meets it. */
function pixelLook(
  kind: Kind, letter: string, row: number, col: number, width: number, values: readonly number[], entry: number, side: number,
): Look {
  const { kernel } = setting.value;
  const value = kind === "pixel" ? values[row * width + col]! : 0;
  const pixel = kind === "pixel" && letter ? <Name letter={letter} row={row} col={col} /> : kind === "pixel" ? "" : kind === "cut" ? "×" : "0";
  const said = `${kind === "pixel" ? `${letter || "C transposed y"} ${row}, ${col}` : kind}${numbers.value ? `: ${short(value)}` : ""}`;
  const what = numbers.value && kind !== "cut" ? short(value) : pixel;
  const more = entry ? `${said}, weight ${entryName(entry, kernel).split("").join(", ")}` : said;
  if (!entry) return { text: what, said: more, value };
  const weight = numbers.value ? `×${short(weights.value[entry - 1]!)}` : <Weight entry={entry} kernel={kernel} />;
  if (numbers.value) return { text: what, below: side >= 26 ? weight : undefined, entry, said: more, value };
  return { text: side >= 22 ? weight : entryName(entry, kernel), below: side >= 30 && pixel ? pixel : undefined, entry, said: more, value };
}

function inside(map: "small" | "large", size: number, row: number, col: number): Choice | null {
  return row >= 0 && row < size && col >= 0 && col < size ? { map, row, col } : null;
}

/** The pixel of the small map that lies at a cell of the stretched one. */
function fromStretched(row: number, col: number): Choice | null {
  const now = setting.value;
  const { transposedPadding, output } = sizes(now);
  const first = Math.max(transposedPadding, 0);
  const [r, c] = [(row - first) / now.stride, (col - first) / now.stride];
  return Number.isInteger(r) && Number.isInteger(c) ? inside("small", output, r, c) : null;
}

const writes = (map: "kernel" | "large") => (numbers.value ? map : undefined);
