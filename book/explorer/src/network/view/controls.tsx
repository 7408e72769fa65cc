// What is shown: the photo, the network, the class, and what the pixel's surroundings are.

import {
  chosen, className, colour, EVERY, GRADIENT, lens, names, page, percent, photo, photoIndex, shown, TRUTH,
} from "../store.ts";

export function Controls() {
  return (
    <div class="controls">
      <div role="group" aria-label="Photo" class="photos">
        {page.photos.map(({ photo: file, number }, index) => (
          <button key={number} type="button" aria-pressed={photo.value === page.photos[index]}
            aria-label={`Photo ${index + 1} of ${page.photos.length}`} onClick={() => (photoIndex.value = index)}>
            <img src={page.base + file} alt="" width="72" height="54" />
          </button>
        ))}
      </div>
      <div role="group" aria-label="Network">
        {names.map((name) => (
          <button key={name} type="button" aria-pressed={shown.value === name} onClick={() => (shown.value = name)}>
            {page.networks[name]!.title} <small>mean IU {percent(page.networks[name]!.mean_iu)}</small>
          </button>
        ))}
        <button type="button" aria-pressed={shown.value === TRUTH} onClick={() => (shown.value = TRUTH)}>truth</button>
      </div>
      <label class="lens">
        <span>Around the pixel, </span>
        <select value={lens.value} onChange={(event) => (lens.value = event.currentTarget.value)}>
          <option value="">nothing</option>
          <optgroup label="what a pixel sees of the layer">
            {page.layers.map(({ name, field, stride }) => (
              <option key={name} value={name}>{name}: {field}×{field}, every {stride}</option>
            ))}
          </optgroup>
          <option value={GRADIENT}>what the score depends on (gradient)</option>
        </select>
      </label>
    </div>
  );
}

export function Classes() {
  return (
    <div role="group" aria-label="Class" class="classes">
      {[EVERY, ...page.classes.keys()].map((label) => (
        <button key={label} type="button" aria-pressed={chosen.value === label} onClick={() => (chosen.value = label)}>
          {label !== EVERY && <i class="swatch" style={{ background: colour(label) }} />}
          {label === EVERY ? "all classes" : className(label)}
        </button>
      ))}
    </div>
  );
}
