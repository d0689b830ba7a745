using System.Reflection;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds.Generator;

/// <summary>Turns a kind into its CustomResourceDefinition.</summary>
/// <param name="comments">Descriptions.</param>
public sealed class CrdBuilder(DocComments comments)
{
    private readonly SchemaBuilder schemas = new(comments);

    /// <summary>Every kind of an assembly, by resource name.</summary>
    public static IReadOnlyList<Type> Kinds(Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        return [.. assembly.GetExportedTypes()
            .Where(type => type.GetCustomAttribute<KindAttribute>() is { Group.Length: > 0 } && type.IsDefined(typeof(ResourceAttribute)))
            .OrderBy(type => type.GetCustomAttribute<KindAttribute>()!.Plural, StringComparer.Ordinal)];
    }

    /// <summary>The definition of a kind.</summary>
    public Node Build(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        var kind = type.GetCustomAttribute<KindAttribute>()!;
        var resource = type.GetCustomAttribute<ResourceAttribute>()!;
        var version = new Node()
            .With("name", kind.Version)
            .With("served", true)
            .With("storage", true)
            .With("schema", new Node().With("openAPIV3Schema", Schema(type)));
        if (type.GetProperty("Status") is not null)
            version.Add("subresources", new Node { ["status"] = new Node() });
        version
            .With("selectableFields", resource.Selectable.Select(path => (object)new Node().With("jsonPath", path)).ToList())
            .With("additionalPrinterColumns", Columns(type));
        return new Node()
            .With("apiVersion", "apiextensions.k8s.io/v1")
            .With("kind", "CustomResourceDefinition")
            .With("metadata", new Node()
                .With("name", $"{kind.Plural}.{kind.Group}")
                .With("labels", new Node().With("app.kubernetes.io/part-of", "kilonova")))
            .With("spec", new Node()
                .With("group", kind.Group)
                .With("names", new Node()
                    .With("kind", kind.Kind)
                    .With("listKind", $"{kind.Kind}List")
                    .With("plural", kind.Plural)
                    .With("singular", kind.Kind.ToLowerInvariant())
                    .With("shortNames", resource.ShortNames.Cast<object>().ToList())
                    .With("categories", new List<object> { "kilonova" }.Concat(resource.Categories).ToList()))
                .With("scope", kind.Scope.ToString())
                .With("versions", new List<object> { version }));
    }

    private Node Schema(Type type)
    {
        var kind = type.GetCustomAttribute<KindAttribute>()!.Kind;
        var fields = new Node()
            .With("apiVersion", new Node().With("description", "Group and version.").With("type", "string"))
            .With("kind", new Node().With("description", "Kind.").With("type", "string"))
            .With("metadata", new Node().With("type", "object"));
        foreach (var property in WireProperty.Of(type).Where(property => property.Name is "spec" or "status"))
            fields.Add(property.Name, property.Name == "spec" ? Spec(property) : Status(property));

        var rules = type.GetCustomAttributes<RuleAttribute>().Select(rule => (object)Rules.From(rule)).ToList();
        if (type.IsDefined(typeof(NotImplementedAttribute)))
            rules.Insert(0, Rules.Refuse("false", $"this version does not implement {kind}"));
        return new Node()
            .With("description", comments.Of(type))
            .With("type", "object")
            .With("required", new List<object> { "spec" })
            .With("properties", fields)
            .With("x-kubernetes-validations", rules);
    }

    private Node Spec(WireProperty property)
    {
        var node = schemas.Property(property);
        node["description"] = comments.Of(property.Type);
        var immutable = Rules.Immutability(property.Type).ToList();
        if (immutable.Count == 0)
            return node;
        if (!node.TryGetValue("x-kubernetes-validations", out var rules))
            node.Add("x-kubernetes-validations", rules = new List<object>());
        ((List<object>)rules).AddRange(immutable);
        return node;
    }

    /// <summary>
    /// A status whose generation is written begins at -1, so that an object no controller has seen yet is never taken for settled. Both defaults are
    /// needed: the object's, since a status is dropped at creation, and the field's, for a status written without it.
    /// </summary>
    private Node Status(WireProperty property)
    {
        var node = schemas.Property(property);
        node["description"] = comments.Of(property.Type);
        if (WireProperty.Of(property.Type).Any(field => field is { Name: "observedGeneration", NotImplemented: false }))
        {
            ((Node)((Node)node["properties"])["observedGeneration"]).With("default", -1);
            node.With("default", new Node().With("observedGeneration", -1));
        }

        return node;
    }

    /// <summary>Columns in the order of declaration, then the age, then those of <c>-o wide</c>: the order that people know from Kubernetes' own kinds.</summary>
    private static List<object> Columns(Type type)
    {
        var given = type.GetCustomAttributes<ColumnAttribute>().ToLookup(column => column.Wide, Column);
        var age = new Node().With("name", "Age").With("type", "date").With("jsonPath", ".metadata.creationTimestamp");
        return [.. given[false], age, .. given[true]];
    }

    private static Node Column(ColumnAttribute column)
    {
        var node = new Node().With("name", column.Name).With("type", column.Type).With("jsonPath", column.Path);
        return column.Wide ? node.With("priority", 1) : node;
    }
}
