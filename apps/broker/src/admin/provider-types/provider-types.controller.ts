import { Controller, Get, Param } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { BrokerError } from '@app/common';
import { describeType, ProviderRegistry, type ProviderTypeDescription } from '@app/providers';
import type { ListView } from '../../http/page.dto.js';
import { Roles } from '../../http/roles.decorator.js';
import { TypeParams } from './type.dto.js';

/** What can be configured. */
@ApiTags('administration')
@ApiBearerAuth()
@Roles('admin')
@Controller('admin/provider-types')
export class ProviderTypesController {
  constructor(private readonly registry: ProviderRegistry) {}

  @Get()
  @ApiOperation({ summary: 'The types of providers, with the JSON Schema of their fields' })
  list(): ListView<ProviderTypeDescription> {
    return { items: this.registry.all().map(describeType), next_cursor: null };
  }

  @Get(':type')
  @ApiOperation({ summary: 'One type of providers' })
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
