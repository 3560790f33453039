import { join } from 'node:path';
import { asOrdinaryUser } from './programs/as-ordinary-user.ts';

asOrdinaryUser(join(import.meta.dirname, 'partition.test.ts'));
