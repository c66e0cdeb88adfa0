/** Not a fault: the message is to come again after a while. */
export class RetryLater extends Error {
  override readonly name = "RetryLater";
}
