import type { CloseReason, Holder, LiveSession } from "./sockets.ts";
import type { FileInfo, UploadTarget } from "./transfer.ts";
import type { OpenedFile, Transferred } from "./transfers.ts";

/** What the object of a device's connection can be called for. */
export interface ConnectionRpc extends Rpc.DurableObjectBranded {
  /** True if a device is at the other end. */
  isConnected(): Promise<boolean>;
  /** Asks the device's update client to act; false if the device is not connected. */
  request(typ: "check-update" | "send-inventory", userId?: string): boolean;
  sessions(): LiveSession[];
  /** Ends one session for both sides; false if there is none of that id. */
  endSession(sid: string): Promise<boolean>;
  upload(
    holder: Holder,
    target: UploadTarget,
    source: ReadableStream<Uint8Array>,
  ): Promise<Transferred<number>>;
  stat(holder: Holder, path: string): Promise<Transferred<FileInfo>>;
  download(holder: Holder, path: string): Promise<Transferred<OpenedFile>>;
  /** Looks at the rights of everybody here. Rejects if that cannot be done now. */
  recheck(): Promise<void>;
  /** Ends everything: the device may not be connected any more. */
  disconnect(reason?: CloseReason): Promise<void>;
}
