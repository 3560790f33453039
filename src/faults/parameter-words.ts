/** What is wrong with a parameter of a fault, in words: what it may be, and what was given. */
import { z } from 'zod';

/** What JSON Schema says of a parameter, as far as faults have such. */
interface Allowed {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
}

function inWords(name: string, { type, enum: values, minimum, maximum, multipleOf }: Allowed): string {
  if (values !== undefined) return values.join(' or ');
  if (type === 'boolean') return 'true or false';
  if (type === 'array') return 'a list of names';
  if (type !== 'integer' && type !== 'number') return 'a text';
  const steps = multipleOf === undefined ? '' : ` in steps of ${multipleOf}`;
  const unit = name.endsWith('Ms') ? ' of milliseconds' : '';
  return `a ${type === 'integer' ? 'whole number' : 'number'}${unit} from ${minimum} to ${maximum}${steps}`;
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

/** An error map of zod, which asks it where a parameter has no sentence of its own. @param parameters of the fault */
export function parameterWords(parameters: z.ZodType): z.core.$ZodErrorMap {
  return ({ code, path, input, ...issue }) => {
    const { properties = {} } = z.toJSONSchema(parameters, { io: 'input', unrepresentable: 'any' });
    const allowed = properties as Readonly<Record<string, Allowed>>;
    if (code === 'unrecognized_keys')
      return `it has no ${quoted(issue.keys as readonly string[])}; it takes ${quoted(Object.keys(allowed))}`;
    const name = String(path?.[0] ?? '');
    const known = allowed[name];
    if (known === undefined) return undefined;
    const given = input === undefined ? 'which is missing' : `not ${JSON.stringify(input)}`;
    return `${name}: ${inWords(name, known)}, ${given}`;
  };
}
