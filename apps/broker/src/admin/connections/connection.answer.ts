import type { ConnectionRecord } from '@app/connections';
import { setEtag } from '../../http/etag.js';
import type { BrokerReply } from '../../http/request.js';
import { type ConnectionView, toConnectionView } from './connection.view.js';

/** The connection, with its version as the ETag. */
export function answerConnection(reply: BrokerReply, connection: ConnectionRecord): ConnectionView {
  setEtag(reply, connection.version);
  return toConnectionView(connection);
}
