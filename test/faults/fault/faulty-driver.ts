import type { LinkWatch, NetworkDriver, NetworkNamespace } from '../../../lib/driver.js';

/** Before a call has any effect, or when it has had it and nothing is answered yet. */
export type CallPhase = 'before' | 'after';

/** Called around each call of a driver; what it throws is what the call throws. */
export type Reach = (operation: string, phase: CallPhase) => void;

/** A driver whose calls can be made to fail. The kernel behind it is what it is. */
export function createFaultyDriver(driver: NetworkDriver, reach: Reach): NetworkDriver {
  const inner = new WeakMap<NetworkNamespace, NetworkNamespace>();
  const around = async <T>(operation: string, call: () => Promise<T>, undo: (value: T) => void = () => {}): Promise<T> => {
    reach(operation, 'before');
    const value = await call();
    try {
      reach(operation, 'after');
    } catch (error) {
      undo(value);
      throw error;
    }
    return value;
  };
  const wrapWatch = (watch: LinkWatch): LinkWatch => ({
    waitFor: (match, options) => around('waitFor', () => watch.waitFor(match, options)),
    close: () => watch.close(),
  });
  const wrap = (namespace: NetworkNamespace): NetworkNamespace => {
    const wrapped: NetworkNamespace = {
      label: namespace.label,
      cookie: namespace.cookie,
      listLinks: (...args) => around('listLinks', () => namespace.listLinks(...args)),
      watchLinks: async (...args) =>
        wrapWatch(
          await around(
            'watchLinks',
            () => namespace.watchLinks(...args),
            (watch) => watch.close(),
          ),
        ),
      changeLink: (...args) => around('changeLink', () => namespace.changeLink(...args)),
      moveLink: (index, target, name, options) =>
        around('moveLink', () => namespace.moveLink(index, inner.get(target) ?? target, name, options)),
      listAddresses: (...args) => around('listAddresses', () => namespace.listAddresses(...args)),
      addAddress: (...args) => around('addAddress', () => namespace.addAddress(...args)),
      removeAddress: (...args) => around('removeAddress', () => namespace.removeAddress(...args)),
      listRoutes: (...args) => around('listRoutes', () => namespace.listRoutes(...args)),
      addRoute: (...args) => around('addRoute', () => namespace.addRoute(...args)),
      replaceRoute: (...args) => around('replaceRoute', () => namespace.replaceRoute(...args)),
      removeRoute: (...args) => around('removeRoute', () => namespace.removeRoute(...args)),
      readSysctl: (...args) => around('readSysctl', () => namespace.readSysctl(...args)),
      writeSysctl: (...args) => around('writeSysctl', () => namespace.writeSysctl(...args)),
      announce: (...args) => around('announce', () => namespace.announce(...args)),
      close: () => namespace.close(),
    };
    inner.set(wrapped, namespace);
    return wrapped;
  };
  return {
    open: async (...args) =>
      wrap(
        await around(
          'open',
          () => driver.open(...args),
          (namespace) => namespace.close(),
        ),
      ),
  };
}
