/** Whether a module is a file of Python functions, by its name. */
export function isPythonFile(module: string): boolean {
  return /\.pyw?$/i.test(module);
}
