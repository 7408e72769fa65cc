// The sliders with their number fields, and the slides' cases.

import { useSignal } from "@preact/signals";
import { caseName, SEVEN_CASES, sizes } from "../arithmetic.ts";
import { FIELDS, outputPaddings, read, withOutputPadding, type Field } from "../settings.ts";
import { change, refused, setting } from "../store.ts";

export function Cases() {
  return (
    <div class="cases" role="group" aria-label="The seven cases">
      {SEVEN_CASES.map((example) => (
        <button
          key={caseName(example)}
          type="button"
          aria-pressed={FIELDS.every(({ name }) => example[name] === setting.value[name])}
          onClick={() => change(example)}
        >
          {caseName(example)}
        </button>
      ))}
    </div>
  );
}

export function Controls() {
  const now = setting.value;
  const paddings = outputPaddings(now);
  const extra = { name: "output padding", letter: "a", least: paddings[0] ?? 0, most: paddings.at(-1) ?? 0 };
  const help = now.stride > 1 ? "what the input has more at its end" : "with stride 1 nothing can be left over";
  return (
    <form class="controls" aria-label="Settings" onSubmit={(event) => event.preventDefault()}>
      {FIELDS.map((field) => (
        <Slider
          key={field.name}
          field={field}
          value={now[field.name]}
          take={(value) => change({ ...now, [field.name]: value })}
        />
      ))}
      <Slider
        field={{ ...extra, help: refused.value ? "there is no output" : help }}
        value={refused.value ? 0 : sizes(now).unseen}
        take={(value) => change(withOutputPadding(now, value))}
      />
    </form>
  );
}

interface SliderProps {
  readonly field: Omit<Field, "name"> & { readonly name: string };
  readonly value: number;
  readonly take: (value: number) => void;
}

function Slider({ field, value, take }: SliderProps) {
  const typed = useSignal<string | null>(null); // what is refused so far: it stays, to be typed on
  const { name, letter, least, most, help } = field;
  const id = `set-${name.replace(" ", "-")}`;
  const give = (text: string) => {
    const number = read(field, text);
    typed.value = typeof number === "string" ? text : null;
    if (typeof number === "number" && number !== value) take(number);
  };
  const refusal = typed.value === null ? null : read(field, typed.value);
  return (
    <div class="slider">
      <label for={id}>
        <b>{name}</b> <i>{letter}</i>
      </label>
      <input
        id={id}
        type="number"
        inputMode="numeric"
        min={least}
        max={most}
        value={typed.value ?? value}
        disabled={least === most}
        aria-describedby={`${id}-help`}
        aria-invalid={refusal !== null}
        onInput={(event) => give(event.currentTarget.value)}
        onBlur={(event) => {
          typed.value = null;
          event.currentTarget.value = String(value);
        }}
      />
      <input
        type="range"
        min={least}
        max={most}
        value={value}
        disabled={least === most}
        aria-label={name}
        onInput={(event) => give(event.currentTarget.value)}
      />
      <small id={`${id}-help`} class={refusal ? "refusal" : undefined} role={refusal ? "alert" : undefined}>
        {refusal ?? help}
      </small>
    </div>
  );
}
