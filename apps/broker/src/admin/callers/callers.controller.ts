import type { AuditOrigin } from '@app/audit';
import type { ExpectedVersion } from '@app/common';
import { CallerService } from '@app/callers';
import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Put, Query, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiIfMatch,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '../../http/documented.js';
import { IfMatch } from '../../http/etag.js';
import { Origin } from '../../http/origin.decorator.js';
import { type ListView, PageDto, toListView } from '../../http/page.dto.js';
import type { BrokerReply } from '../../http/request.js';
import { Roles } from '../../http/roles.decorator.js';
import {
  CallerDto,
  CallerFieldsDto,
  CallerPageDto,
  CallerParams,
  toCallerDto,
  toChanges,
  toFields,
} from './caller.dto.js';
import { answerCaller, answerPut } from './caller.answer.js';

/** Callers: microservices, operators, auditors. */
@ApiTags('Callers')
@ApiBearerAuth()
@Roles('admin')
@Controller('admin/callers')
export class CallersController {
  constructor(private readonly callers: CallerService) {}

  @Get()
  @ApiOperation({ summary: 'List the callers, by name' })
  @ApiOkResponse({ type: CallerPageDto })
  async list(@Query() page: PageDto): Promise<ListView<CallerDto>> {
    return toListView(await this.callers.list(page), toCallerDto);
  }

  @Get(':caller')
  @ApiOperation({ summary: 'Show a caller' })
  @ApiOkResponse({ type: CallerDto })
  async get(@Param() { caller }: CallerParams, @Res({ passthrough: true }) reply: BrokerReply): Promise<CallerDto> {
    return answerCaller(reply, await this.callers.require(caller));
  }

  @Put(':caller')
  @ApiOperation({ summary: 'Create a caller, or replace what it may do; its keys stay' })
  @ApiIfMatch()
  @ApiOkResponse({ type: CallerDto, description: 'Replaced.' })
  @ApiCreatedResponse({ type: CallerDto, description: 'Created.' })
  async put(
    @Origin() origin: AuditOrigin,
    @Param() { caller }: CallerParams,
    @Body() fields: CallerFieldsDto,
    @IfMatch() version: ExpectedVersion,
    @Res({ passthrough: true }) reply: BrokerReply,
  ): Promise<CallerDto> {
    return answerPut(reply, await this.callers.put(origin, caller, toFields(fields), version));
  }

  @Patch(':caller')
  @ApiOperation({ summary: 'Change some of what a caller may do' })
  @ApiIfMatch()
  @ApiOkResponse({ type: CallerDto })
  async patch(
    @Origin() origin: AuditOrigin,
    @Param() { caller }: CallerParams,
    @Body() fields: CallerFieldsDto,
    @IfMatch() version: ExpectedVersion,
    @Res({ passthrough: true }) reply: BrokerReply,
  ): Promise<CallerDto> {
    return answerCaller(reply, await this.callers.patch(origin, caller, toChanges(fields), version));
  }

  @Delete(':caller')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a caller and its keys' })
  @ApiIfMatch()
  @ApiNoContentResponse()
  async delete(
    @Origin() origin: AuditOrigin,
    @Param() { caller }: CallerParams,
    @IfMatch() version: ExpectedVersion,
  ): Promise<void> {
    await this.callers.delete(origin, caller, version);
  }
}
