import type { ComponentChildren, JSX } from "preact";

/** A label, what is entered, and what there is to know about it. */
export function Field({
  label,
  hint,
  children,
}: {
  label: string;
  hint?: string;
  children: ComponentChildren;
}) {
  return (
    <label class="field">
      <span>{label}</span>
      {children}
      {hint && <span class="quiet">{hint}</span>}
    </label>
  );
}

/** One line of text; anything else of an input by its own names. */
export function TextField({
  label,
  hint,
  value,
  set,
  ...rest
}: {
  label: string;
  hint?: string;
  value: string;
  set: (value: string) => void;
  type?: "text" | "email" | "password" | "number" | "url" | "date" | "datetime-local" | "search";
  name?: string;
  required?: boolean;
  placeholder?: string;
  min?: number | string;
  max?: number | string;
  step?: number | string;
  autocomplete?: string;
  inputMode?: "numeric" | "text";
}) {
  return (
    <Field label={label} {...(hint && { hint })}>
      <input
        class="input"
        // Which names go with which type of input is for who uses this.
        {...(rest as JSX.IntrinsicElements["input"])}
        value={value}
        onInput={({ currentTarget }) => set(currentTarget.value)}
      />
    </Field>
  );
}

export function SelectField<Value extends string>({
  label,
  hint,
  value,
  set,
  options,
}: {
  label: string;
  hint?: string;
  value: Value;
  set: (value: Value) => void;
  options: readonly (readonly [value: Value, text: string])[];
}) {
  return (
    <Field label={label} {...(hint && { hint })}>
      <select
        class="input"
        value={value}
        // The options are all that can be chosen.
        onChange={({ currentTarget }) => set(currentTarget.value as Value)}
      >
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </Field>
  );
}

export function Check({ label, isOn, set }: { label: string; isOn: boolean; set: (isOn: boolean) => void }) {
  return (
    <label class="check">
      <input type="checkbox" checked={isOn} onChange={({ currentTarget }) => set(currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}
