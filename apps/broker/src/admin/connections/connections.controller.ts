import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Put, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { AuditOrigin } from '@app/audit';
import { type BroughtToken, ConnectionService } from '@app/connections';
import { IfMatch, setEtag } from '../../http/etag.js';
import { ConnectionParams } from '../../http/name.dto.js';
import { Origin } from '../../http/origin.decorator.js';
import type { BrokerReply } from '../../http/request.js';
import { Roles } from '../../http/roles.decorator.js';
import { type BroughtTokenBody, ConnectionBody, ConnectionPatch } from './connection.dto.js';
import { ConnectionView, toConnectionView } from './connection.view.js';

const IF_MATCH = { name: 'If-Match', required: false, description: 'The ETag that was read; 412 where it changed.' };

const toToken = (token: BroughtTokenBody | undefined): { token?: BroughtToken } =>
  token ? { token: { accessToken: token.access_token, expiresAt: new Date(token.expires_at) } } : {};

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
    const connection = await this.connections.require(name);
    setEtag(reply, connection.version);
    return toConnectionView(connection);
  }

  @Put()
  @ApiOperation({ summary: 'Creates or replaces a connection' })
  @ApiHeader(IF_MATCH)
  @ApiOkResponse({ type: ConnectionView })
  @ApiCreatedResponse({ type: ConnectionView })
  async put(
    @Param() name: ConnectionParams,
    @Body() { settings, credential, token }: ConnectionBody,
    @IfMatch() expected: number | undefined,
    @Origin() origin: AuditOrigin,
    @Res({ passthrough: true }) reply: BrokerReply,
  ): Promise<ConnectionView> {
    const input = { settings, credential, ...toToken(token) };
    const { connection, created } = await this.connections.put(origin, name, input, expected);
    setEtag(reply, connection.version);
    void reply.status(created ? 201 : 200);
    return toConnectionView(connection);
  }

  @Patch()
  @ApiOperation({ summary: 'Changes a connection: merges settings and credential, null removes a field' })
  @ApiHeader(IF_MATCH)
  @ApiOkResponse({ type: ConnectionView })
  async patch(
    @Param() name: ConnectionParams,
    @Body() { token, settings, credential }: ConnectionPatch,
    @IfMatch() expected: number | undefined,
    @Origin() origin: AuditOrigin,
    @Res({ passthrough: true }) reply: BrokerReply,
  ): Promise<ConnectionView> {
    const changes = { settings: settings ?? undefined, credential: credential ?? undefined, ...toToken(token) };
    const connection = await this.connections.patch(origin, name, changes, expected);
    setEtag(reply, connection.version);
    return toConnectionView(connection);
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({ summary: 'Forgets a connection, its credential and its token' })
  @ApiHeader(IF_MATCH)
  @ApiNoContentResponse()
  delete(
    @Param() name: ConnectionParams,
    @IfMatch() expected: number | undefined,
    @Origin() origin: AuditOrigin,
  ): Promise<void> {
    return this.connections.delete(origin, name, expected);
  }
}
