import { Field } from "./field.tsx";

/** A document of some lines, pasted or read from a file. */
export const TextOrFile = ({
  label,
  hint,
  value,
  set,
  accept,
  placeholder,
}: {
  label: string;
  hint: string;
  value: string;
  set: (text: string) => void;
  /** Endings of files. */
  accept: string;
  placeholder?: string;
}) => (
  <>
    <Field label={label} hint={hint}>
      <textarea
        class="input mono"
        rows={6}
        required
        value={value}
        placeholder={placeholder}
        onInput={({ currentTarget }) => set(currentTarget.value)}
      />
    </Field>
    <Field label="Or from a file">
      <input
        class="input"
        type="file"
        accept={accept}
        onChange={async ({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          if (file) set(await file.text());
        }}
      />
    </Field>
  </>
);
