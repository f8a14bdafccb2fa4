import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '../..');

function kindOf(symbol: ts.Symbol, checker: ts.TypeChecker): string {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  if (target.flags & ts.SymbolFlags.Class) return 'class';
  if (target.flags & ts.SymbolFlags.Function) return 'function';
  if (target.flags & ts.SymbolFlags.Variable) return 'const';
  if (target.flags & ts.SymbolFlags.Interface) return 'interface';
  if (target.flags & ts.SymbolFlags.TypeAlias) return 'type';
  return 'other';
}

/** The names that each documented entry point exports, with their kinds, sorted. */
export function readPublicApi(): Record<string, Record<string, string>> {
  const typedoc = JSON.parse(readFileSync(join(root, 'typedoc.json'), 'utf8')) as { entryPoints: string[] };
  const parsed = ts.parseJsonConfigFileContent(ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config, ts.sys, root);
  const program = ts.createProgram(
    typedoc.entryPoints.map((path) => join(root, path)),
    parsed.options,
  );
  const checker = program.getTypeChecker();
  const api: Record<string, Record<string, string>> = {};
  for (const entry of typedoc.entryPoints) {
    const file = program.getSourceFile(join(root, entry));
    const module = file === undefined ? undefined : checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`${entry} is no module`);
    const names = checker.getExportsOfModule(module).map((symbol) => [symbol.name, kindOf(symbol, checker)] as const);
    api[entry] = Object.fromEntries(names.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  return api;
}
