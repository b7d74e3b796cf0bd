/** The command line itself is wrong: exit code 2. The message names the option and what it takes. */
export class WrongUsage extends Error {}
