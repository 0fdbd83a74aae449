import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '../../http/documented.js';
import { BrokerError, keyOfCursor, NAME_PATTERN, toPage } from '@app/common';
import { describeType, ProviderRegistry, type ProviderTypeDescription } from '@app/providers';
import { type ListView, PageDto, toListView } from '../../http/page.dto.js';
import { Roles } from '../../http/roles.decorator.js';
import { TypeParams } from './type.dto.js';
import { ProviderTypePageView, ProviderTypeView } from './type.view.js';

/** What can be configured. */
@ApiTags('administration')
@ApiBearerAuth()
@Roles('admin')
@Controller('admin/provider-types')
export class ProviderTypesController {
  constructor(private readonly registry: ProviderRegistry) {}

  @Get()
  @ApiOperation({ summary: 'The types of providers, with the JSON Schema of their fields' })
  @ApiOkResponse({ type: ProviderTypePageView })
  list(@Query() { limit, cursor }: PageDto): ListView<ProviderTypeDescription> {
    const after = cursor === undefined ? '' : keyOfCursor(cursor, NAME_PATTERN);
    const rest = this.registry.all().filter(({ type }) => type > after);
    return toListView(
      toPage(rest, limit, ({ type }) => type),
      describeType,
    );
  }

  @Get(':type')
  @ApiOperation({ summary: 'One type of providers' })
  @ApiOkResponse({ type: ProviderTypeView })
  get(@Param() { type }: TypeParams): ProviderTypeDescription {
    const provider = this.registry.find(type);
    if (provider === undefined) {
      throw new BrokerError(
        'not_found',
        `There is no provider type ${type}: GET /admin/provider-types lists those there are.`,
      );
    }
    return describeType(provider);
  }
}
