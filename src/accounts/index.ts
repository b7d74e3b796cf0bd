export { type Directory, openDirectory, type Principal } from './directory.ts';
export { openVault, readOrMakeSecretFile, sameSecret, type Vault } from './vault.ts';
