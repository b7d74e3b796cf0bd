import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Prediction, ReflexTool, SlotSpan } from '../types.ts';
import { trustInCalls, trustInJson } from './trust.ts';

const said = (intent: string, slots: Record<string, string> = {}, confidence = 0.9): Prediction => ({
  intent,
  best: intent,
  confidence,
  outOfScope: 0,
  slots: Object.entries(slots).map(([name, value]): SlotSpan => ({ name, value, start: 0, end: value.length })),
  ms: 0,
});
const tool = (properties: Record<string, unknown>): ReflexTool => ({
  name: 'order',
  parameters: { type: 'object', properties } as never,
});
const drink = tool({ what: { type: 'string' }, size: { enum: ['small', 'large'] }, cups: { type: 'integer' } });

describe('trust in calls', () => {
  const of = (values: Record<string, never | string | number>, prediction?: Prediction, one = drink) =>
    trustInCalls([{ tool: one, values: [values], prediction }]);

  it('needs the tool to be what the model means', () => {
    assert.equal(of({}, said('order')), 0.9);
    assert.equal(of({}, said('cancel')), undefined);
    assert.equal(of({}), undefined);
    assert.equal(trustInCalls([]), undefined);
  });

  it('needs free texts to be slots of the model; options and numbers were read by what they are', () => {
    assert.equal(of({ what: 'Tea', size: 'small', cups: 2 }, said('order', { what: 'tea' })), 0.9);
    assert.equal(of({ what: 'please', size: 'small' }, said('order')), undefined);
    const nested = tool({
      list: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } },
    });
    assert.equal(of({ list: [{ name: 'tea' }] as never }, said('order', { what: 'tea' }), nested), 0.9);
    assert.equal(of({ list: [{ name: 'milk' }] as never }, said('order', { what: 'tea' }), nested), undefined);
  });

  it('is that of the least sure of several', () => {
    const calls = [0.9, 0.6, 0.8].map((confidence) => ({
      tool: drink,
      values: [{}],
      prediction: said('order', {}, confidence),
    }));
    assert.equal(trustInCalls(calls), 0.6);
  });
});

describe('trust in JSON', () => {
  it('needs the intent as its one label', () => {
    assert.equal(trustInJson({ action: 'turn-on' }, said('turn_on')), 0.9);
    assert.equal(trustInJson('turn_on', said('turn_on')), 0.9);
    assert.equal(trustInJson({ action: 'turn_off' }, said('turn_on')), undefined);
    assert.equal(trustInJson({ a: 'turn_on', b: 'turn_on' }, said('turn_on')), undefined);
    assert.equal(trustInJson({ action: 'turn_on' }, undefined), undefined);
    assert.equal(trustInJson({ action: 'oos' }, { ...said('turn_on'), intent: 'oos' }), undefined);
  });

  it('takes what else there is only as slots or empty', () => {
    assert.equal(trustInJson({ action: 'go', where: 'Rome', note: null, tags: [] }, said('go', { to: 'Rome' })), 0.9);
    assert.equal(trustInJson({ action: 'go', where: 'Paris' }, said('go', { to: 'Rome' })), undefined);
    assert.equal(trustInJson({ action: 'go', urgent: true }, said('go')), undefined);
  });
});
