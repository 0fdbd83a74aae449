import { Body, Controller, Get, HttpCode, Param, Post, Query, Res, UseFilters } from '@nestjs/common';
import {
  ApiBadGatewayResponse,
  ApiBearerAuth,
  ApiBody,
  ApiConflictResponse,
  ApiGatewayTimeoutResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '../http/documented.js';
import type { AuditOrigin } from '@app/audit';
import type { Caller } from '@app/callers';
import { CoveredConnections, type TokenRequest, TokenService } from '@app/tokens';
import { CurrentCaller } from '../http/current-caller.decorator.js';
import { ProviderParams } from '../http/name.dto.js';
import { Origin } from '../http/origin.decorator.js';
import { type ListView, PageDto, toListView } from '../http/page.dto.js';
import type { BrokerReply } from '../http/request.js';
import { ForCallers } from '../http/roles.decorator.js';
import { onUndelivered } from './delivery.js';
import { CoveredPageView, type CoveredView } from './covered.dto.js';
import { MalformedRequestFilter } from './malformed-request.filter.js';
import { TokenBody, TokenQuery, TokenView } from './token.dto.js';
import { toTokenView } from './token.view.js';

/** What services call. */
@ApiTags('tokens')
@ApiBearerAuth()
@ForCallers()
@Controller('providers')
export class TokenController {
  constructor(
    private readonly tokens: TokenService,
    private readonly covered: CoveredConnections,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The connections that this key may get tokens for' })
  @ApiOkResponse({ type: CoveredPageView })
  async list(
    @CurrentCaller() caller: Caller,
    @Origin() { clientIp }: AuditOrigin,
    @Query() page: PageDto,
  ): Promise<ListView<CoveredView>> {
    return toListView(await this.covered.list(caller, clientIp, page), (connection) => ({ ...connection }));
  }

  @Get(':provider/token')
  @UseFilters(MalformedRequestFilter)
  @ApiOperation({ summary: 'A fresh access token' })
  @ApiOkResponse({ type: TokenView })
  @ApiConflictResponse()
  @ApiBadGatewayResponse()
  @ApiGatewayTimeoutResponse()
  async get(
    @CurrentCaller() caller: Caller,
    @Param() { provider }: ProviderParams,
    @Query() { connection, min_ttl }: TokenQuery,
    @Origin() origin: AuditOrigin,
    @Res({ passthrough: true }) reply: BrokerReply,
  ): Promise<TokenView> {
    return this.#issue(caller, { provider, connection, minTtlSeconds: min_ttl }, origin, reply);
  }

  @Post(':provider/token')
  @UseFilters(MalformedRequestFilter)
  @HttpCode(200)
  @ApiOperation({ summary: 'A fresh access token; reports one that the provider refused' })
  @ApiBody({ type: TokenBody, required: false })
  @ApiOkResponse({ type: TokenView })
  @ApiConflictResponse()
  @ApiBadGatewayResponse()
  @ApiGatewayTimeoutResponse()
  async post(
    @CurrentCaller() caller: Caller,
    @Param() { provider }: ProviderParams,
    @Body() { connection, min_ttl, rejected_generation }: TokenBody,
    @Origin() origin: AuditOrigin,
    @Res({ passthrough: true }) reply: BrokerReply,
  ): Promise<TokenView> {
    const reported = rejected_generation === undefined ? {} : { rejectedGeneration: rejected_generation };
    const request = { provider, connection, minTtlSeconds: min_ttl, ...reported };
    return this.#issue(caller, request, origin, reply);
  }

  async #issue(caller: Caller, request: TokenRequest, origin: AuditOrigin, reply: BrokerReply): Promise<TokenView> {
    const token = await this.tokens.issue(caller, request, origin);
    onUndelivered(reply, () => void this.tokens.noteUndelivered(token, origin));
    return toTokenView(token);
  }
}
