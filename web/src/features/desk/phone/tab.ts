/** One tab of a browser is the desk: only one page may hold the phone. */

const LOCK = "hujiao-desk";

/** Names this page to the floor. New with every load: the floor then knows that the media of the former page is dead. */
export const tabId = Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36).padStart(7, "0")).join("-");

/**
 * Becomes the desk tab of this browser until the answered function is called; null when another tab is and `steal` is
 * not set. `lost` is called when another tab takes it.
 */
export async function holdDesk(steal: boolean, lost: () => void): Promise<(() => void) | null> {
  const locks = navigator.locks as LockManager | undefined;
  if (locks === undefined) return () => undefined;
  return await new Promise((resolve) => {
    const options: LockOptions = steal ? { steal: true } : { ifAvailable: true };
    locks
      .request(LOCK, options, (lock) => {
        if (lock === null) {
          resolve(null);
          return undefined;
        }
        return new Promise<void>((release) => resolve(() => release()));
      })
      .catch(lost);
  });
}
