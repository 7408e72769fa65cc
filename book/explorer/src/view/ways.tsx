// The two ways: the convolution, and its transpose.

import { sizes, untouched } from "../arithmetic.ts";
import { paddedKinds, stretchedKinds } from "../maps.ts";
import type { Lit } from "../scene.ts";
import { choice, image, large, numbers, setting, small, weights, y } from "../store.ts";
import { fromStretched, inside, pixelLook, pixels, weightLook } from "./looks.tsx";
import { PixelMap } from "./map.tsx";
import { plural, squared } from "./names.tsx";
import { Gathered, Spread } from "./readout.tsx";
import { Way } from "./way.tsx";

const Y = <i>y</i>;
const Z = <i>z</i>;

export function Convolution() {
  const { input, padding, kernel } = setting.value;
  const { output } = sizes(setting.value);
  const kinds = paddedKinds(setting.value);
  const blind = new Set(untouched(setting.value));
  return (
    <Way
      id="convolution"
      title={<>Convolution <em>{Y} = C <i>x</i></em></>}
      lead="each pixel of y gathers a window of x"
      sizes={[kinds.length, kernel, output]}
      transposed={false}
      readout={Gathered}
    >
      {(side, scene) => (
        <>
          <PixelMap
            id="input"
            title={<><i>x</i> {squared(input)}{padding > 0 && <small> + padding {padding}</small>}</>}
            said={`input x, ${input} by ${input} pixels, with padding ${padding}`}
            kinds={kinds}
            lit={scene.padded}
            side={side}
            target={{
              at: (row, col) => inside("large", row - padding, col - padding),
              keys: true,
              writes: numbers.value,
            }}
            look={(row, col, entry) =>
              pixelLook({
                kind: kinds[row]![col]!, letter: "x", at: [row - padding, col - padding], width: input,
                values: image.value, entry, side, blind: blind.has(row - padding) || blind.has(col - padding),
              })
            }
          />
          <Kernel side={side} turned={false} />
          <PixelMap
            id="output"
            sign="="
            title={<>{Y} {squared(output)}</>}
            said={`output y, ${output} by ${output} pixels`}
            kinds={pixels(output)}
            lit={scene.output}
            side={side}
            target={{ at: (row, col) => inside("small", row, col), keys: true }}
            look={(row, col, entry) =>
              pixelLook({
                kind: "pixel", letter: "y", at: [row, col], width: output, values: y.value, entry, side,
                adds: weightOf(entry) * at(image.value, scene.padded, input, padding),
              })
            }
          />
        </>
      )}
    </Way>
  );
}

export function Transposed() {
  const { input, kernel } = setting.value;
  const { output, stretched, transposedPadding, unseen, zerosBetween } = sizes(setting.value);
  const kinds = stretchedKinds(setting.value);
  return (
    <Way
      id="transposed"
      title={<>Transposed convolution <em>{Z} = C<sup>T</sup> {Y}</em></>}
      lead="each pixel of y spreads a stamp; or: stretch y with zeros, slide the flipped kernel over it"
      sizes={[output, kinds.length, kernel, input]}
      transposed
      readout={Spread}
    >
      {(side, scene) => (
        <>
          <PixelMap
            id="small"
            title={<>{Y} {squared(output)}</>}
            said={`small map y, ${output} by ${output} pixels`}
            kinds={pixels(output)}
            lit={scene.small}
            side={side}
            target={{ at: (row, col) => inside("small", row, col), keys: true, writes: numbers.value }}
            look={(row, col, entry) =>
              pixelLook({ kind: "pixel", letter: "y", at: [row, col], width: output, values: small.value, entry, side })
            }
          />
          <PixelMap
            id="stretched"
            sign="→"
            note={<Zeros between={zerosBetween} around={transposedPadding} end={unseen} />}
            title={
              <>
                stretched {squared(stretched)}
                {kinds.length > stretched && <small> in {squared(kinds.length)}</small>}
              </>
            }
            said={`y stretched with zeros, ${kinds.length} by ${kinds.length} cells`}
            kinds={kinds}
            lit={scene.stretched}
            side={side}
            target={{ at: fromStretched }}
            look={(row, col, entry) => {
              const pixel = fromStretched(row, col);
              return pixelLook({
                kind: kinds[row]![col]!, letter: "y", at: [pixel?.row ?? 0, pixel?.col ?? 0], width: output,
                values: small.value, entry, side,
              });
            }}
          />
          <Kernel side={side} turned />
          <PixelMap
            id="large"
            sign="="
            title={<>{Z} {squared(input)}</>}
            said={`large map z, ${input} by ${input} pixels`}
            kinds={pixels(input)}
            lit={scene.large}
            side={side}
            target={{ at: (row, col) => inside("large", row, col), keys: true }}
            look={(row, col, entry) =>
              pixelLook({
                kind: "pixel", letter: "z", at: [row, col], width: input, values: large.value, entry, side,
                adds: weightOf(entry) * at(small.value, scene.small, output, 0),
              })
            }
          />
        </>
      )}
    </Way>
  );
}

function Kernel({ side, turned }: { side: number; turned: boolean }) {
  const { kernel } = setting.value;
  const place = (along: number) => (turned ? kernel - 1 - along : along);
  const now = choice.value?.map === "kernel" ? choice.value : null;
  const frames = now ? [{ row: place(now.row), col: place(now.col), height: 1, width: 1 }] : [];
  return (
    <PixelMap
      id={turned ? "turned" : "kernel"}
      sign="∗"
      title={<><i>W</i> {turned ? <>flipped <span aria-hidden="true">↻</span></> : squared(kernel)}</>}
      said={turned ? "kernel W, flipped: turned by half a turn" : `kernel W, ${kernel} by ${kernel} weights`}
      kinds={pixels(kernel)}
      lit={{ taps: [], frames }}
      side={side}
      target={{
        at: (row, col) => ({ map: "kernel", row: place(row), col: place(col) }),
        keys: !turned,
        writes: !turned && numbers.value,
      }}
      look={(row, col) => weightLook(place(row) * kernel + place(col) + 1, side)}
    />
  );
}

/** How many zeros go where. */
function Zeros({ between, around, end }: { between: number; around: number; end: number }) {
  return (
    <>
      {plural(between, "zero")} between, {around < 0 ? `${-around} cut off` : `${around} around`}
      {end > 0 && `, ${end} more at the end`}
    </>
  );
}

const weightOf = (entry: number): number => weights.value[entry - 1] ?? 0;

/** The value of the one pixel that is framed on a map. */
function at(values: readonly number[], { frames: [frame] }: Lit, width: number, before: number): number {
  return frame ? (values[(frame.row - before) * width + frame.col - before] ?? 0) : 0;
}
