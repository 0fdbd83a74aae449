import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Put, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiIfMatch,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '../../http/documented.js';
import type { AuditOrigin } from '@app/audit';
import type { ExpectedVersion } from '@app/common';
import { type BroughtToken, ConnectionService } from '@app/connections';
import { IfMatch } from '../../http/etag.js';
import { ConnectionParams } from '../../http/name.dto.js';
import { toInstant } from '../../http/instant.js';
import { Origin } from '../../http/origin.decorator.js';
import type { BrokerReply } from '../../http/request.js';
import { Roles } from '../../http/roles.decorator.js';
import { answerConnection } from './connection.answer.js';
import { type BroughtTokenBody, ConnectionBody, ConnectionPatch } from './connection.dto.js';
import { ConnectionView } from './connection.view.js';

const toToken = (token: BroughtTokenBody | undefined): { token?: BroughtToken } =>
  token
    ? { token: { accessToken: token.access_token, expiresAt: new Date(toInstant(token.expires_at) ?? Number.NaN) } }
    : {};

/** One connection: create, read, change, delete. */
@ApiTags('administration')
@ApiBearerAuth()
@Roles('admin')
@Controller('admin/providers/:provider/connections/:connection')
export class ConnectionsController {
  constructor(private readonly connections: ConnectionService) {}

  @Get()
  @ApiOperation({ summary: 'A connection, without secret values' })
  @ApiOkResponse({ type: ConnectionView })
  async get(@Param() name: ConnectionParams, @Res({ passthrough: true }) reply: BrokerReply): Promise<ConnectionView> {
    return answerConnection(reply, await this.connections.require(name));
  }

  @Put()
  @ApiOperation({ summary: 'Creates or replaces a connection' })
  @ApiIfMatch()
  @ApiOkResponse({ type: ConnectionView })
  @ApiCreatedResponse({ type: ConnectionView })
  async put(
    @Param() name: ConnectionParams,
    @Body() { settings, credential, token }: ConnectionBody,
    @IfMatch() expected: ExpectedVersion,
    @Origin() origin: AuditOrigin,
    @Res({ passthrough: true }) reply: BrokerReply,
  ): Promise<ConnectionView> {
    const input = { settings, credential, ...toToken(token) };
    const { connection, created } = await this.connections.put(origin, name, input, expected);
    void reply.status(created ? 201 : 200);
    return answerConnection(reply, connection);
  }

  @Patch()
  @ApiOperation({ summary: 'Changes a connection: merges settings and credential, null removes a field' })
  @ApiIfMatch()
  @ApiOkResponse({ type: ConnectionView })
  async patch(
    @Param() name: ConnectionParams,
    @Body() { token, settings, credential }: ConnectionPatch,
    @IfMatch() expected: ExpectedVersion,
    @Origin() origin: AuditOrigin,
    @Res({ passthrough: true }) reply: BrokerReply,
  ): Promise<ConnectionView> {
    const changes = { settings, credential, ...toToken(token) };
    return answerConnection(reply, await this.connections.patch(origin, name, changes, expected));
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({ summary: 'Forgets a connection, its credential and its token' })
  @ApiIfMatch()
  @ApiNoContentResponse()
  delete(
    @Param() name: ConnectionParams,
    @IfMatch() expected: ExpectedVersion,
    @Origin() origin: AuditOrigin,
  ): Promise<void> {
    return this.connections.delete(origin, name, expected);
  }
}
