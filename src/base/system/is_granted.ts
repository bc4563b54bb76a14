/**
 * Whether this program has a permission, without asking anybody for it: a program that uses the
 * library may have few, and its user would be asked for more.
 */
export function isGranted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}
