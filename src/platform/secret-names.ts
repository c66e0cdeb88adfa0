const SECRET =
  /pass(?:w|phrase|code)|psk|secret|token|credential|authori[sz]ation|cookie|api[-_]?key|access[-_]?key|private|connection[-_]?string|signature/i;

/** Whether a value is a secret: its name says so, there is no other mark. */
export const isSecretName = (name: string): boolean => SECRET.test(name);
