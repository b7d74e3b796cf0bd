export { type AdminKey, type Directory, openDirectory, type Principal } from './directory.ts';
export { OneTimeTokens } from './one-time.ts';
export { openVault, readOrMakeSecretFile, sameSecret, type Vault } from './vault.ts';
