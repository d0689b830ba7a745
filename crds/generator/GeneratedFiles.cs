using System.Reflection;
using Kilonova.Crds.Meta;

namespace Kilonova.Crds.Generator;

/// <summary>Everything that is generated from the API types and from the scheduler.</summary>
public static class GeneratedFiles
{
    /// <summary>Content of each file by its path from the root of the repository, with <c>/</c>.</summary>
    public static IReadOnlyDictionary<string, string> All()
    {
        var assembly = typeof(ApiGroup).Assembly;
        var comments = new DocComments(assembly);
        var builder = new CrdBuilder(comments);
        var kinds = CrdBuilder.Kinds(assembly);
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var type in kinds)
        {
            var plural = type.GetCustomAttribute<KindAttribute>()!.Plural;
            files.Add($"crds/manifests/{plural}.yaml", $"# Generated from crds/*.cs by `make generate`.\n{YamlText.Of(builder.Build(type))}");
        }

        var pages = new Pages(comments);
        files.Add("docs/fields.md", pages.Fields(kinds));
        files.Add("docs/not-implemented.md", pages.NotImplemented(kinds));
        files.Add("docs/scheduler.md", SchedulerPage.Text());
        return files;
    }
}
