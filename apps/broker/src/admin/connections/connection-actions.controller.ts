import { Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiIfMatch, ApiOkResponse, ApiOperation, ApiTags } from '../../http/documented.js';
import type { AuditOrigin } from '@app/audit';
import type { ExpectedVersion } from '@app/common';
import { ConnectionService } from '@app/connections';
import { RefreshService } from '@app/tokens';
import { IfMatch } from '../../http/etag.js';
import { ConnectionParams } from '../../http/name.dto.js';
import { Origin } from '../../http/origin.decorator.js';
import { type ListView, toListView } from '../../http/page.dto.js';
import type { BrokerReply } from '../../http/request.js';
import { Roles } from '../../http/roles.decorator.js';
import { answerConnection } from './connection.answer.js';
import { ConnectionsQuery } from './connection.dto.js';
import { ConnectionPageView, ConnectionView, RefreshReportView, toConnectionView } from './connection.view.js';

/** The list of connections, and what an operator does with one. */
@ApiTags('administration')
@ApiBearerAuth()
@Roles('admin')
@Controller('admin')
export class ConnectionActionsController {
  constructor(
    private readonly connections: ConnectionService,
    private readonly refreshes: RefreshService,
  ) {}

  @Get('connections')
  @ApiOperation({ summary: 'Connections, newest change first' })
  @ApiOkResponse({ type: ConnectionPageView })
  async list(@Query() { limit, cursor, ...filter }: ConnectionsQuery): Promise<ListView<ConnectionView>> {
    return toListView(await this.connections.list(filter, { limit, cursor }), toConnectionView);
  }

  @Post('providers/:provider/connections/:connection/refresh')
  @HttpCode(200)
  @ApiOperation({ summary: 'Refreshes now: one attempt, whatever back-off runs' })
  @ApiOkResponse({ type: RefreshReportView })
  async refresh(@Param() name: ConnectionParams, @Origin() origin: AuditOrigin): Promise<RefreshReportView> {
    const { outcome, reason, upstreamStatus } = await this.refreshes.refreshNow(name, origin);
    const connection = toConnectionView(await this.connections.require(name));
    return { outcome, reason, upstream_status: upstreamStatus, connection };
  }

  @Post('providers/:provider/connections/:connection/pause')
  @HttpCode(200)
  @ApiOperation({ summary: 'Hands out no token and sends nothing until resumed' })
  @ApiOkResponse({ type: ConnectionView })
  async pause(
    @Param() name: ConnectionParams,
    @Origin() origin: AuditOrigin,
    @Res({ passthrough: true }) reply: BrokerReply,
  ): Promise<ConnectionView> {
    return answerConnection(reply, await this.connections.pause(origin, name));
  }

  @Post('providers/:provider/connections/:connection/resume')
  @HttpCode(200)
  @ApiOperation({ summary: 'Makes a paused or waiting connection active again' })
  @ApiOkResponse({ type: ConnectionView })
  async resume(
    @Param() name: ConnectionParams,
    @Origin() origin: AuditOrigin,
    @Res({ passthrough: true }) reply: BrokerReply,
  ): Promise<ConnectionView> {
    return answerConnection(reply, await this.connections.resume(origin, name));
  }

  @Post('providers/:provider/connections/:connection/confirm-hosts')
  @HttpCode(200)
  @ApiOperation({ summary: 'Lets its secrets be sent to the hosts that it is configured for now (unconfirmed_hosts)' })
  @ApiIfMatch()
  @ApiOkResponse({ type: ConnectionView })
  async confirmHosts(
    @Param() name: ConnectionParams,
    @IfMatch() expected: ExpectedVersion,
    @Origin() origin: AuditOrigin,
    @Res({ passthrough: true }) reply: BrokerReply,
  ): Promise<ConnectionView> {
    return answerConnection(reply, await this.connections.confirmHosts(origin, name, expected));
  }
}
