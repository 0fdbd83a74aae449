import { type Page, toPage } from '@app/common';
import { Injectable } from '@nestjs/common';
import { AuditEventsRepository } from './audit-events.repository.js';
import { keyOf, positionOf } from './cursor.js';
import type { AuditQuery, RecordedEvent } from './search.js';

/** The log as its readers see it. */
@Injectable()
export class AuditEvents {
  constructor(private readonly repository: AuditEventsRepository) {}

  /**
   * The newest events that meet the query, or those that follow its cursor. Pages neither repeat nor leave out an event,
   * however many share a millisecond. Throws `invalid_request` for a cursor that is not ours.
   */
  async search(query: AuditQuery): Promise<Page<RecordedEvent>> {
    const after = query.cursor === undefined ? undefined : positionOf(query.cursor);
    return toPage(await this.repository.find(query, after, query.limit + 1), query.limit, keyOf);
  }
}
