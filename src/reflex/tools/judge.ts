/** Every tool of a request weighed against one text. */
import type { ReflexTool } from '../types.ts';
import { type Filled, fill } from './fill.ts';
import { type HanProfile, hanFeaturesOf, hanProfileOf, hanRelevance } from './han-relevance.ts';
import { type Plan, planOf } from './parameters.ts';
import { featuresOf, type Profile, profileOf, relevance } from './relevance.ts';
import { readUtterance, type Utterance } from './utterance.ts';

export interface Judged {
  tool: ReflexTool;
  /** Log odds that the text asks for the tool. */
  odds: number;
  filled?: Filled;
}

/** Filling costs the most: with more tools than this, only the likeliest are filled. */
const MOST_FILLED = 8;
/** In a text with this many values fewer tools are filled, so that a page of lists costs no more than a sentence. */
const MANY_MENTIONS = 100;
const FEW_FILLED = 3;

export function judgeTools(text: string, tools: readonly ReflexTool[], now_ms: number, timeZone?: string): Judged[] {
  const utterance = readUtterance(text, now_ms, timeZone);
  const rough = tools.map((tool) => {
    const known = know(tool);
    return { tool, known, odds: oddsOf(known, utterance, undefined) };
  });
  const most = utterance.mentions.length > MANY_MENTIONS ? FEW_FILLED : MOST_FILLED;
  if (tools.length > most) rough.sort((a, b) => b.odds - a.odds);
  return rough.map(({ tool, known, odds }, index) =>
    index < most ? judge(tool, known, utterance) : { tool, odds: odds - 1 },
  );
}

interface Known {
  profile: Profile;
  /** Made when a Chinese text first needs it. */
  hanProfile(): HanProfile;
  plan?: Plan;
}

/** The same tools come with every turn of a conversation; reading them anew would cost more than the turn itself. */
const known = new Map<string, Known>();
const MOST_KNOWN = 1_000;
const MOST_KNOWN_CHARS = 8_000;

export function know(tool: ReflexTool): Known {
  const key = JSON.stringify(tool);
  const old = known.get(key);
  if (old) return old;
  let han: HanProfile | undefined;
  const fresh: Known = {
    profile: profileOf(tool),
    hanProfile() {
      han ??= hanProfileOf(tool);
      return han;
    },
    plan: planOf(tool),
  };
  if (key.length > MOST_KNOWN_CHARS) return fresh;
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(key, fresh);
  return fresh;
}

function judge(tool: ReflexTool, known: Known, utterance: Utterance): Judged {
  const filled = known.plan && fill(known.plan, utterance);
  return { tool, odds: oddsOf(known, utterance, filled), filled };
}

function oddsOf(known: Known, utterance: Utterance, filled: Filled | undefined): number {
  return utterance.han
    ? hanRelevance(hanFeaturesOf(known.hanProfile(), utterance.han, filled))
    : relevance(featuresOf(known.profile, utterance, filled));
}
