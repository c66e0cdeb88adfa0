/** Why a sign-in through a provider is refused; the words are for the person who tried. */
export class SignInRefused extends Error {
  override readonly name = "SignInRefused";
}
