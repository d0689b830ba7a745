using System.Reflection;
using System.Text;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds.Generator;

/// <summary>Pages of <c>docs/</c> that follow from the API types.</summary>
/// <param name="comments">Descriptions.</param>
public sealed class Pages(DocComments comments)
{
    private const string Note = "<!-- Generated from crds/*.cs by `make generate`. -->\n";

    /// <summary>Who writes which field.</summary>
    public string Fields(IReadOnlyList<Type> kinds)
    {
        ArgumentNullException.ThrowIfNull(kinds);
        var page = new StringBuilder(Note).Append("""
            # Who writes which field

            Every subresource has one writer, so nobody overwrites anybody. Between users and hosts stands the operator: an agent reads and writes
            only what is in its host's namespace, and its own `Hypervisor`, `ResourceProvider` and `Lease`.

            | kind | scope | short name | `spec` by | `status` by |
            |---|---|---|---|---|

            """);
        foreach (var kind in kinds)
        {
            var (name, resource) = (kind.GetCustomAttribute<KindAttribute>()!, kind.GetCustomAttribute<ResourceAttribute>()!);
            page.Append($"| [`{name.Kind}`](#{name.Kind.ToLowerInvariant()}) | {(name.Scope == Scope.Cluster ? "cluster" : "namespace")} | {string.Join(", ", resource.ShortNames.Select(text => $"`{text}`"))} ")
                .Append($"| {resource.SpecBy} | {resource.StatusBy ?? "–"} |\n");
        }

        page.Append($"""

            Besides:

            * A user's `spec`, labels and annotations are the user's. Components write only finalizers there: the operator
              `{ApiGroup.ServerFinalizer}` on Servers, and `{ApiGroup.LedgerFinalizer}` and `{ApiGroup.AgentFinalizer}` on Instances, of which the agent takes its own away.
            * `ResourceProvider.status.allocations` is the ledger: written only by guarded update, as `ServerGroup.status.members` and
              `ComputeQuota.status` will be.
            * Each agent renews the Lease `{ApiGroup.AgentLeaseName}` in its host's namespace; the annotation `{ApiGroup.BootIdAnnotation}` says in which boot.
            * `status.observedGeneration` begins at -1. An object is settled when it is equal to `metadata.generation` and `Ready` is `True`.

            Below are the fields of the first level; `kubectl explain server.spec --recursive` and its like tell the rest. What is marked † is refused by
            this version: see [not-implemented.md](not-implemented.md).

            """);
        foreach (var kind in kinds)
        {
            var refused = kind.IsDefined(typeof(NotImplementedAttribute)) ? " †" : "";
            page.Append($"\n## {kind.GetCustomAttribute<KindAttribute>()!.Kind}\n\n{comments.Of(kind)}{refused}\n\n| field | type | |\n|---|---|---|\n");
            foreach (var part in WireProperty.Of(kind).Where(property => property.Name is "spec" or "status"))
                foreach (var field in WireProperty.Of(part.Type))
                    page.Append($"| `{part.Name}.{field.Name}`{(field.NotImplemented ? " †" : "")} | {TypeName(field.Type)} | {Cell(comments.Of(field.Member))} |\n");
        }

        return page.ToString();
    }

    /// <summary>What the model has and this version refuses.</summary>
    public string NotImplemented(IReadOnlyList<Type> kinds)
    {
        ArgumentNullException.ThrowIfNull(kinds);
        var refusals = kinds.SelectMany(Refusal.Of).ToList();
        var page = new StringBuilder(Note).Append($"""
            # What this version does not implement

            Nothing is accepted and ignored: the API server refuses what is listed here, and says so. ({refusals.Count(r => r.What == RefusalKind.Kind)} kinds, {refusals.Count(r => r.What == RefusalKind.Field)} fields,
            {refusals.Count(r => r.What == RefusalKind.Value)} values, {refusals.Count(r => r.What == RefusalKind.Change)} changes. What lies below a refused field is not listed.)

            """);
        Section(page, "Kinds", refusals.Where(r => r.What == RefusalKind.Kind), r => $"`{Name(r)}`");
        Section(page, "Fields", refusals.Where(r => r.What == RefusalKind.Field), r => $"`{Name(r)}.{r.Path}`");
        Section(page, "Values", refusals.Where(r => r.What == RefusalKind.Value), r => $"`{Name(r)}.{r.Path}`: `{r.Detail}`");
        Section(page, "Changes", refusals.Where(r => r.What == RefusalKind.Change), r => $"`{Name(r)}.{r.Path}` ({r.Detail})");
        return page.ToString();
    }

    private void Section(StringBuilder page, string title, IEnumerable<Refusal> refusals, Func<Refusal, string> name)
    {
        page.Append($"\n## {title}\n\n");
        foreach (var refusal in refusals)
            page.Append($"* {name(refusal)}: {(refusal.Member is Type type ? comments.Of(type) : comments.Of(refusal.Member)).Replace("\n", " ", StringComparison.Ordinal)}\n");
    }

    private static string Name(Refusal refusal) => refusal.Type.GetCustomAttribute<KindAttribute>()!.Kind;

    private static string Cell(string text) => text.Replace("\n", " ", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal);

    private static string TypeName(Type type) =>
        SchemaBuilder.ListItem(type) is { } item ? $"list of {TypeName(item)}"
        : SchemaBuilder.MapValue(type) is { } value ? $"map of {TypeName(value)}"
        : type.IsEnum ? string.Join(", ", EnumValue.Of(type).Select(member => $"`{member.Name}`{(member.NotImplemented ? "†" : "")}"))
        : type == typeof(string) ? "string"
        : type == typeof(bool) ? "boolean"
        : type == typeof(double) ? "number"
        : type == typeof(DateTimeOffset) ? "time"
        : type == typeof(int) || type == typeof(long) ? "integer"
        : type.Name;
}
