import { CallerService } from '@app/callers';
import { ConnectionService } from '@app/connections';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags } from '../../http/documented.js';
import { Roles } from '../../http/roles.decorator.js';
import { CallerParams } from './caller.dto.js';
import { connectionOf, ExplainQuery, ExplanationDto, toExplanationDto } from './explanation.dto.js';
import { LimitedRuleDto } from './rule.dto.js';

/** Why a caller gets what it gets: for the administrator whom somebody asks. */
@ApiTags('Callers')
@ApiBearerAuth()
@ApiExtraModels(LimitedRuleDto)
@Roles('admin')
@Controller('admin/callers/:caller/explain')
export class ExplanationController {
  constructor(
    private readonly callers: CallerService,
    private readonly connections: ConnectionService,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Explain which rule allows a caller a connection, or why none does' })
  @ApiOkResponse({ type: ExplanationDto })
  async explain(@Param() { caller }: CallerParams, @Query() query: ExplainQuery): Promise<ExplanationDto> {
    const name = connectionOf(query);
    const explanation = await this.callers.explain(caller, name, query.from);
    const exists = (await this.connections.find(name)) !== undefined;
    return toExplanationDto(caller, query, exists, explanation);
  }
}
