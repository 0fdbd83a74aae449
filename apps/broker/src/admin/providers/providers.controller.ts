import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
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
import { ProviderService } from '@app/connections';
import { IfMatch, setEtag } from '../../http/etag.js';
import { ProviderParams } from '../../http/name.dto.js';
import { Origin } from '../../http/origin.decorator.js';
import { type ListView, PageDto, toListView } from '../../http/page.dto.js';
import type { BrokerReply } from '../../http/request.js';
import { Roles } from '../../http/roles.decorator.js';
import { ProviderBody, ProviderPageView, ProviderPatch, ProviderView, toProviderView } from './provider.dto.js';

/** Configured providers. */
@ApiTags('administration')
@ApiBearerAuth()
@Roles('admin')
@Controller('admin/providers')
export class ProvidersController {
  constructor(private readonly providers: ProviderService) {}

  @Get()
  @ApiOperation({ summary: 'Configured providers, by name' })
  @ApiOkResponse({ type: ProviderPageView })
  async list(@Query() page: PageDto): Promise<ListView<ProviderView>> {
    return toListView(await this.providers.list(page), toProviderView);
  }

  @Get(':provider')
  @ApiOperation({ summary: 'A configured provider' })
  @ApiOkResponse({ type: ProviderView })
  async get(
    @Param() { provider }: ProviderParams,
    @Res({ passthrough: true }) reply: BrokerReply,
  ): Promise<ProviderView> {
    const found = await this.providers.require(provider);
    setEtag(reply, found.version);
    return toProviderView(found);
  }

  @Put(':provider')
  @ApiOperation({ summary: 'Configures a provider: creates or replaces it' })
  @ApiIfMatch()
  @ApiOkResponse({ type: ProviderView })
  @ApiCreatedResponse({ type: ProviderView })
  async put(
    @Param() { provider: name }: ProviderParams,
    @Body() body: ProviderBody,
    @IfMatch() expected: ExpectedVersion,
    @Origin() origin: AuditOrigin,
    @Res({ passthrough: true }) reply: BrokerReply,
  ): Promise<ProviderView> {
    const { provider, created } = await this.providers.put(origin, name, body, expected);
    setEtag(reply, provider.version);
    void reply.status(created ? 201 : 200);
    return toProviderView(provider);
  }

  @Patch(':provider')
  @ApiOperation({ summary: 'Changes a provider: merges settings and secrets, null removes a field' })
  @ApiIfMatch()
  @ApiOkResponse({ type: ProviderView })
  async patch(
    @Param() { provider: name }: ProviderParams,
    @Body() body: ProviderPatch,
    @IfMatch() expected: ExpectedVersion,
    @Origin() origin: AuditOrigin,
    @Res({ passthrough: true }) reply: BrokerReply,
  ): Promise<ProviderView> {
    const provider = await this.providers.patch(origin, name, body, expected);
    setEtag(reply, provider.version);
    return toProviderView(provider);
  }

  @Post(':provider/confirm-hosts')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Lets secrets be sent to the hosts that the provider is configured for now (unconfirmed_hosts)',
  })
  @ApiIfMatch()
  @ApiOkResponse({ type: ProviderView })
  async confirmHosts(
    @Param() { provider: name }: ProviderParams,
    @IfMatch() expected: ExpectedVersion,
    @Origin() origin: AuditOrigin,
    @Res({ passthrough: true }) reply: BrokerReply,
  ): Promise<ProviderView> {
    const provider = await this.providers.confirmHosts(origin, name, expected);
    setEtag(reply, provider.version);
    return toProviderView(provider);
  }

  @Delete(':provider')
  @HttpCode(204)
  @ApiOperation({ summary: 'Deletes a provider that has no connections' })
  @ApiIfMatch()
  @ApiNoContentResponse()
  delete(
    @Param() { provider }: ProviderParams,
    @IfMatch() expected: ExpectedVersion,
    @Origin() origin: AuditOrigin,
  ): Promise<void> {
    return this.providers.delete(origin, provider, expected);
  }
}
