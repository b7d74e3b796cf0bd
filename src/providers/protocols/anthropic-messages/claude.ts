/**
 * What the generations of Claude take, read from the model's name; each refuses with 400 what it does not. Sources: Anthropic's
 * documentation as of November 2026, "Troubleshooting thinking" (table by model), "Effort", and "What's new" of Opus 5.5, Sonnet 5.5
 * and Haiku 5.5 (no forced tools, no thinking turned off, no sampling). A rule holds for later versions of its family too.
 */
export interface ClaudeTraits {
  /** `budget`: thinking.type `enabled` with a budget; `adaptive`: adaptive with effort; `both`; `none`: no thinking at all. */
  thinking: 'none' | 'budget' | 'both' | 'adaptive';
  /** How thinking is turned off; `never`: it can't be. */
  off: 'disabled' | 'between_tools' | 'never';
  /** Takes tool_choice `any` and `tool`. */
  forcedTools: boolean;
  /** Takes temperature, top_p and top_k. */
  sampling: boolean;
  /** Refuses temperature and top_p together. */
  oneSampling: boolean;
  /** The highest `output_config.effort` it takes; undefined where it takes none. */
  topEffort?: 'high' | 'xhigh' | 'max';
  /** Takes `strict` on tools and a JSON schema for its output. */
  structured: boolean;
}

/** Models by other makers that speak Anthropic's format. They follow the older form and mostly ignore what they don't know. */
const OTHER: ClaudeTraits = {
  thinking: 'budget',
  off: 'disabled',
  forcedTools: true,
  sampling: true,
  oneSampling: false,
  structured: true,
};

export function claudeTraits(model: string): ClaudeTraits {
  const name = model.toLowerCase();
  if (!name.includes('claude')) return OTHER;
  const [family, version] = readName(name);
  const top = family === 'fable' || family === 'mythos';
  if (name.includes('mythos-preview')) {
    return {
      thinking: 'both',
      off: 'never',
      forcedTools: true,
      sampling: false,
      oneSampling: true,
      topEffort: 'max',
      structured: true,
    };
  }
  const since55 = version >= 505 && (family === 'opus' || family === 'sonnet');
  return {
    thinking: version < 307 ? 'none' : version < 406 ? 'budget' : version === 406 ? 'both' : 'adaptive',
    off: top || (since55 && family === 'opus') ? 'never' : since55 ? 'between_tools' : 'disabled',
    forcedTools: !since55 && !(top && version >= 501),
    sampling: version < 407,
    oneSampling: version >= 401,
    topEffort: topEffort(family, version),
    structured: version >= 405 || (version === 401 && family === 'opus'),
  };
}

function topEffort(family: string, version: number): ClaudeTraits['topEffort'] {
  if (version < 406) return undefined;
  return version === 406 && family !== 'opus' ? 'high' : 'max';
}

/** `claude-opus-4-1-20250805` → opus, 401; `claude-3-5-haiku` → haiku, 305. A name without a version counts as the newest. */
function readName(name: string): [family: string, version: number] {
  const family = /opus|sonnet|haiku|fable|mythos/.exec(name)?.[0] ?? '';
  const version =
    /claude-(?:opus|sonnet|haiku|fable|mythos)-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/.exec(name) ??
    /claude-(?:instant-)?v?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/.exec(name);
  if (!version) return [family, 999];
  return [family, Number(version[1]) * 100 + Number(version[2] ?? 0)];
}
