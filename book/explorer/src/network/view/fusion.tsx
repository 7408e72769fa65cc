// The score of a class as a sum: the coarsest map's, and what each skip adds.

import { computed } from "@preact/signals";
import { type ComponentChildren, Fragment } from "preact";
import { type Painter, signed } from "../paint.ts";
import type { Maps } from "../scores.ts";
import {
  chosen, className, contributions, count, EVERY, left, network, page, pixel, scores, told,
} from "../store.ts";
import { Canvas } from "./canvas.tsx";

/** The scores of the class that is told: of each map, and their sum; all painted by one scale, up to `most`. */
const terms = computed(() => {
  const named = contributions.value.map(([name, maps]) => ({ name, plane: plane(maps, told.value) }));
  const whole = plane(scores.value, told.value);
  const most = Math.max(...[whole, ...named.map(({ plane }) => plane)].map(largest));
  return {
    most,
    parts: named.map((part) => ({ ...part, painter: signed(part.plane, most) })),
    whole: { plane: whole, painter: signed(whole, most) },
  };
});

export function Fusion() {
  const label = told.value;
  const own = page.networks[network.value]!;
  const { most, parts, whole } = terms.value;
  const there = pixel.value.y * page.width + pixel.value.x;
  const alone = parts.length === 1;
  return (
    <section class="fusion" aria-label="The scores as a sum">
      <h2>{own.title}'s score for {className(label)}{alone ? "" : ", a sum"}</h2>
      <p>
        {alone
          ? "One map of scores, 32 pixels apart, is all there is; upsampling draws the rest between them."
          : "Each map of scores is upsampled by itself here; fixed upsampling is linear, so their sum is the score."}
        {chosen.value === EVERY && " The class is the one that wins at the pixel; choose another above."}
      </p>
      <div class="terms">
        {parts.map(({ name, ...term }, index) => (
          <Fragment key={name}>
            {index > 0 && <b class="sign">+</b>}
            <Term {...term} there={there} faint={left.value.has(name)} label={`${name} for ${className(label)}`}>
              {index === 0
                ? <span class="name"><code>{name}</code></span>
                : (
                  <label>
                    <input type="checkbox" checked={!left.value.has(name)}
                      onChange={(event) => count(name, event.currentTarget.checked)} /> <code>{name}</code>
                  </label>
                )}
              <small>{own.maps[name]!.size.join("×")} scores, every {own.maps[name]!.stride}</small>
            </Term>
          </Fragment>
        ))}
        {!alone && <b class="sign">=</b>}
        {!alone && (
          <Term {...whole} there={there} label={`The sum for ${className(label)}`}>
            <span class="name">the score</span>
            <small>{left.value.size ? "of what is counted" : "of which the softmax is taken"}</small>
          </Term>
        )}
      </div>
      <p class="scale">
        {signedText(-most, 0)} <i class="negative" /><i class="positive" /> {most.toFixed(0)}
      </p>
    </section>
  );
}

interface TermProps {
  plane: Float32Array;
  painter: Painter;
  there: number;
  label: string;
  faint?: boolean;
  children: ComponentChildren;
}

function Term({ plane, painter, there, label, faint, children }: TermProps) {
  const { x, y } = pixel.value;
  return (
    <figure class={faint ? "faint" : ""}>
      <div class="stack" style={{ aspectRatio: `${page.width} / ${page.height}` }}>
        <Canvas painter={painter} label={label} />
        <svg viewBox={`0 0 ${page.width} ${page.height}`} aria-hidden="true">
          <path class="cross" d={`M${x + 0.5} ${y - 9}v7m0 5v7M${x - 9} ${y + 0.5}h7m5 0h7`} />
        </svg>
      </div>
      <figcaption>
        {children}
        <output aria-live="off">{signedText(plane[there]!, 2)}</output>
      </figcaption>
    </figure>
  );
}

function plane(maps: Maps, label: number): Float32Array {
  const size = maps.height * maps.width;
  return maps.values.subarray(label * size, (label + 1) * size);
}

function signedText(value: number, digits: number): string {
  return value.toFixed(digits).replace("-", "\u2212");
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
