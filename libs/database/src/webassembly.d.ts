/** The part of the WebAssembly API that the schema engine needs; Node has it, the types of Node do not. */
interface WebAssemblyInstance {
  readonly exports: Record<string, unknown>;
}
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: Record<string, unknown>) => WebAssemblyInstance;
};
