/**
 * What the generations of Claude take, read from the model's name. The models differ in which form of thinking they accept and
 * refuse the other with 400. Sources: Anthropic's documentation, "Troubleshooting thinking" (table by model), "Effort",
 * "Sampling parameters" (models from 4.7 on refuse them).
 */
export interface ClaudeTraits {
  /** `budget`: thinking.type `enabled` with a budget; `adaptive`: adaptive with effort; `both`; `none`: no thinking at all. */
  thinking: 'none' | 'budget' | 'both' | 'adaptive';
  /** Thinking can't be turned off; saying so is refused. */
  alwaysThinks: boolean;
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
  alwaysThinks: false,
  sampling: true,
  oneSampling: false,
  structured: true,
};

export function claudeTraits(model: string): ClaudeTraits {
  const name = model.toLowerCase();
  if (!name.includes('claude')) return OTHER;
  const [family, version] = readName(name);
  const alwaysThinks = family === 'fable' || family === 'mythos';
  if (name.includes('mythos-preview')) {
    return { thinking: 'both', alwaysThinks, sampling: false, oneSampling: true, topEffort: 'max', structured: true };
  }
  return {
    thinking: version < 307 ? 'none' : version < 406 ? 'budget' : version === 406 ? 'both' : 'adaptive',
    alwaysThinks,
    sampling: version < 407,
    oneSampling: version >= 401,
    topEffort: version < 406 ? undefined : version === 406 ? (family === 'opus' ? 'max' : 'high') : 'max',
    structured: version >= 405 || (version === 401 && family === 'opus'),
  };
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
