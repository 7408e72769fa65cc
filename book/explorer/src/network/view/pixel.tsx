// What is said of the pixel: each class's probability, what each network makes of it, and what it sees.

import {
  chosen, className, colour, EVERY, GRADIENT, left, lens, measured, network, now, page, percent, pixel, truthThere,
  verdicts,
} from "../store.ts";
import { over } from "./picture.tsx";

export function Pixel() {
  const { shares, winner } = now.value;
  const { x, y } = pixel.value;
  return (
    <section class="about" aria-label="The pixel">
      <h2>Column {x}, row {y}</h2>
      <p>In truth <b><Swatch label={truthThere.value} />{className(truthThere.value)}</b>; the networks:</p>
      <table class="verdicts">
        <tbody>
          {verdicts.value.map(({ name, winner: won, shares: own }) => (
            <tr key={name} class={name === network.value ? "now" : ""}>
              <th scope="row">{page.networks[name]!.title}</th>
              <td><Swatch label={won} />{className(won)}</td>
              <td class="number">{percent(own[won]!)}</td>
              <td class="mark">{won === truthThere.value ? "right" : ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <table class="bars">
        <caption>{page.networks[network.value]!.title}{without()}: the softmax of its scores</caption>
        <tbody>
          {shares.map((share, label) => (
            <tr key={label} class={label === winner ? "now" : ""}>
              <th scope="row">
                <button type="button" aria-pressed={chosen.value === label}
                  onClick={() => (chosen.value = chosen.value === label ? EVERY : label)}>{className(label)}</button>
              </th>
              <td class="bar"><i style={{ width: `${100 * share}%`, background: colour(label) }} /></td>
              <td class="number">{percent(share)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="seen">{seen()}</p>
    </section>
  );
}

function Swatch({ label }: { label: number }) {
  return <i class="swatch" style={{ background: colour(label) }} />;
}

function without(): string {
  const names = Object.keys(page.networks[network.value]!.maps).filter((name) => left.value.has(name));
  return names.length ? ` without ${names.join(" and ")}` : "";
}

function seen(): string {
  if (lens.value === GRADIENT) {
    const { side, x, y } = measured.value;
    const held = `half of it comes from a square of ${side}×${side} pixels`;
    return `Light is what the winning score of pixel (${x}, ${y}), the nearest that was measured, depends on; ${held}.`;
  }
  const layer = page.layers.find(({ name }) => name === lens.value);
  if (!layer) return "";
  const { left: first, right, top, bottom } = over(layer, pixel.value);
  const cut = right - first + 1 < layer.field || bottom - top + 1 < layer.field;
  const inside = cut ? `, of which ${right - first + 1}×${bottom - top + 1} lie in the photo` : "";
  const size = `${layer.field}×${layer.field} pixels${inside}`;
  return `A pixel of ${layer.name} sees ${size}; the next one is ${layer.stride} further.`;
}
