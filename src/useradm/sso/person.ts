/** Whom a provider vouches for, as it tells it. Nothing of it is more than the provider's word. */
export interface Person {
  /** Who it is there, for good. */
  subject: string;
  email: string | undefined;
  /** Whether the provider has proved the address; undefined where it does not say. */
  isVerified: boolean | undefined;
  /** Values of a claim or attribute. */
  valuesOf: (name: string) => string[];
  /** What the provider calls the session, so that it can end it. */
  session?: string | undefined;
  /** When the provider wants the session to end, if it says so. */
  untilMs?: number | undefined;
}
